"""The page of one study of the server: sentences, and vLLM's result line by line beside the published."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from batchscope.config.serving import ServingStudy, Slo
from batchscope.reporting.numbers import show_count, two_decimals
from batchscope.reporting.page import MEASURED, Page, Struck, Table
from batchscope.reporting.provenance import environments, models
from batchscope.reporting.render import LINE
from batchscope.reporting.wording import fault, show_setting
from batchscope.reports.serving.loops import closed_loops, open_loops, passes_note
from batchscope.reports.serving.vllm_result_lines import UNDEFINED, VLLM_LINES, Line
from batchscope.reports.serving.wording import (
    CLOSED,
    OPEN,
    load_words,
    name_suffixes,
    setting_columns,
    size_words,
    with_interval,
)
from batchscope.results.frames import cell_value
from batchscope.results.published.offline import LABEL
from batchscope.statistics.intervals import Interval


def serving_page(
    name: str, study: ServingStudy, points: pd.DataFrame, slo: Slo, beside: Sequence[str] = ()
) -> Page:
    """The page of one study.

    Args:
        name: the study's name.
        study: its question.
        points: its rows of `serving_frame`, in the order that the table keeps (`records.in_order`).
        slo: the limits that goodput is about.
        beside: sentences on what the same prompts gave offline.
    """
    return Page(
        title=f"serving: {name}",
        question=study.question,
        findings=[
            *closed_loops(points),
            *open_loops(points),
            *layouts(points),
            *submissions(points),
            *beside,
        ]
        or ["No answer: no two load points can be compared."],
        context=[*environments(points), *models(points)],
        table=serving_table(points, slo),
        notes=notes(points, slo),
    )


def point_name(point: "pd.Series[Any]") -> str:
    """A load point in words: ``4 to a prompt, 16 under way``; no other of the study has the same."""
    return str(point["label"])


def layouts(points: pd.DataFrame) -> Iterator[str]:
    """Packed against separate, where everything is sent at once and all else was asked for alike."""
    free = points[points["valid"] & points[CLOSED].isna() & points[OPEN].isna()]
    groups = free.groupby(setting_columns(points.columns, ["layout"]), dropna=False, sort=False)
    pairs = [
        (rows["packed"], rows["separate"])
        for _, group in groups
        if len(rows := {row["layout"]: row for _, row in group.iterrows()}) == 2
    ]
    more = name_suffixes(free.loc[[packed.name for packed, _ in pairs]], ())
    for (packed, separate), words in zip(pairs, more, strict=True):
        ours, theirs = packed["texts_per_s"], separate["texts_per_s"]
        one = "one packed prompt" if packed["requests"] == 1 else "packed ones"
        yield (
            f"n = {packed['n']}{words}, all at once: separate prompts label {two_decimals(theirs)} "
            f"texts/s, {one} {two_decimals(ours)}: {theirs / ours:.1f}x."
        )


def submissions(points: pd.DataFrame) -> Iterator[str]:
    """First against later submissions of the same prompts with the prefix cache on.

    Of loads with one request under way or all at once, where another load point sends them once without it.
    """
    valid = points[points["valid"] & points[OPEN].isna() & points[CLOSED].fillna(1).eq(1)]
    cached = (valid["reuse"] != "none") & (valid["duplicates"] > 1)
    usual = valid[(valid["reuse"] == "none") & (valid["duplicates"] == 1)]
    for _, again in valid[cached].iterrows():
        once = next((row for _, row in usual.iterrows() if _sends_the_same(row, again)), None)
        if once is not None:
            alone = once["requests"] == 1 and cell_value(again[CLOSED]) == 1
            yield one_again(again, once) if alone else many_again(again, once)


def _sends_the_same(once: "pd.Series[Any]", again: "pd.Series[Any]") -> bool:
    """Whether the two differ in copies and cache alone; how a single prompt is sent makes no difference."""
    apart_from = ["duplicates", "reuse", "engine.enable_prefix_caching"]
    if once["requests"] == 1:
        apart_from.append(CLOSED)
    names = setting_columns(once.index, apart_from)
    return all(cell_value(once[name]) == cell_value(again[name]) for name in names)


def one_again(again: "pd.Series[Any]", once: "pd.Series[Any]") -> str:
    """Of a single prompt, which is answered before it is sent again; beside it the published TTFT."""
    first, later = again["first_median_ttft_ms"], again["again_median_ttft_ms"]
    words = (
        f"{size_words(again)}, sent {_time(again)} with the prefix cache on: TTFT {later:,.1f} ms instead of "
        f"{first:,.1f} ms ({_ms(once, 'median_ttft_ms')} without the cache)."
    )
    theirs = cell_value(once.get("published.median_ttft_ms"))
    if theirs and abs(math.log(theirs / later)) < abs(math.log(theirs / first)):
        words += f" The published {theirs:,.1f} ms are a second one's: no GPU computes that prompt so soon."
    return words


def many_again(again: "pd.Series[Any]", once: "pd.Series[Any]") -> str:
    """Of many prompts: medians."""
    behind = "" if cell_value(again[CLOSED]) else ", where they also wait for the first ones"
    return (
        f"{size_words(again)}, sent {_time(again)} with the prefix cache on, {load_words(again)}: median "
        f"TTFT {_ms(again, 'first_median_ttft_ms')} at the first submission, "
        f"{_ms(again, 'again_median_ttft_ms')} later{behind} ({_ms(once, 'median_ttft_ms')} sent once, "
        "without the cache)."
    )


def _time(point: "pd.Series[Any]") -> str:
    return "a second time" if point["duplicates"] == 2 else "again"


def _ms(point: "pd.Series[Any]", column: str) -> str:
    return f"{point[column]:,.1f} ms"


def serving_table(points: pd.DataFrame, slo: Slo) -> Table:
    """One line for each of vLLM's, then ours; a column for each load point, and for what was published."""
    columns: list[tuple[str, str]] = [("", LINE)]
    cells: list[list[str]] = [
        [line.words for line in VLLM_LINES] + [words for words, _ in our_lines(points, slo)] + ["status"]
    ]
    for _, point in points.iterrows():
        columns.append((MEASURED, point_name(point)))
        cells.append(_ours(point, our_lines(points, slo)))
        if cell_value(point.get("published.duration_s")) is not None:
            columns.append((LABEL, point_name(point)))
            cells.append(_theirs(point) + [""] * (len(our_lines(points, slo)) + 1))
    return Table(columns, [list(row) for row in zip(*cells, strict=True)])


def our_lines(points: pd.DataFrame, slo: Slo) -> list[tuple[str, str]]:
    """Lines that vLLM's result has not: words and column; those of loops only where there is one."""
    limits = ", ".join(
        f"{key.removesuffix('_ms').upper()} {show_setting(value)} ms" for key, value in _latency_limits(slo)
    )
    goodput = [("Within limits (%)", "good"), (f"Goodput (req/s; {limits})", "goodput")] if limits else []
    loops = points[CLOSED].notna() | points[OPEN].notna()
    return [
        ("Texts labelled (1/s)", "texts_per_s"),
        *goodput,
        *(STEADY_LINES if loops.any() else ()),
        *(PACKED_LINES if (loops & (points["layout"] == "packed")).any() else ()),
        *(OPEN_LINES if points[OPEN].notna().any() else ()),
        ("GPU energy (J/text)", "joules_per_text"),
        ("Failed requests", "failed"),
        ("Cached prompt tokens", "cached_tokens"),
        ("Client: share of a core (%)", "client_cpu_share"),
        ("Client: P99 lag (ms)", "client_lag_p99_ms"),
    ]


STEADY_LINES = (
    ("Requests under way, at most", "most_under_way"),
    ("Steady: seconds", "steady_s"),
    ("Steady: requests answered", "steady_requests"),
    ("Steady: requests under way", "under_way"),
    ("Steady: requests/s", "steady_throughput"),
    ("Steady: median TTFT (ms)", "steady_median_ttft_ms"),
    ("Steady: P99 TTFT (ms)", "steady_p99_ttft_ms"),
    ("Steady: median E2EL (ms)", "steady_median_e2el_ms"),
    ("Steady: P99 E2EL (ms)", "steady_p99_e2el_ms"),
)
PACKED_LINES = (("Steady: texts/s", "steady_texts_per_s"),)
OPEN_LINES = (
    ("Sent (req/s)", "sent_per_s"),
    ("Came after the first quarter (req/s)", "came"),
    ("Finished meanwhile (req/s)", "finished"),
    ("TTFT grows by (s/s)", "ttft_growth"),
)
COUNTS = ("failed", "cached_tokens", "most_under_way", "steady_requests")
SHARES = ("good", "client_cpu_share")
ONE_DECIMAL = ("under_way", "steady_p99_ttft_ms", "steady_p99_e2el_ms", "sent_per_s", "came")
"""As sentences have them."""


def _latency_limits(slo: Slo) -> list[tuple[str, float]]:
    return list(slo.model_dump(exclude_none=True).items())


def _ours(point: "pd.Series[Any]", lines: Sequence[tuple[str, str]]) -> list[str]:
    cells = [_cell(line, point[line.column], point) for line in VLLM_LINES]
    cells += [our_cell(point, name) for _, name in lines]
    mark = str if point["valid"] else Struck
    return [mark(cell) for cell in cells] + [fault(point) or _state(point)]


def our_cell(point: "pd.Series[Any]", name: str) -> str:
    """A figure that vLLM's result has not."""
    if name == "under_way" and pd.isna(point["steady_s"]):
        return ""
    if name in COUNTS:
        return show_count(point[name])
    if name in ONE_DECIMAL and pd.notna(point[name]):
        return f"{point[name]:,.1f}"
    if name in ("good", "goodput"):
        return _good_cell(point, name)
    if pd.notna(point.get(f"{name}_low")):
        return with_interval(Interval(point[f"{name}_low"], point[name], point[f"{name}_high"]))
    return two_decimals(100 * point[name] if name in SHARES else point[name])


def _state(point: "pd.Series[Any]") -> str:
    found = cell_value(point["queue"])
    return "" if found == "keeps up" else str(found or "")


def _good_cell(point: "pd.Series[Any]", name: str) -> str:
    factor = 100 if name in SHARES else 1
    value, low, high = (two_decimals(factor * point[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return f"{value} ({low} to {high})" if value else ""


def _cell(line: Line, value: float, point: "pd.Series[Any]") -> str:
    if line.further and pd.isna(value) and point["requests"]:
        return UNDEFINED
    if withheld(line.column, point):
        return WITHHELD
    return show_count(value) if line.count else two_decimals(value)


WITHHELD = "grows with the load"


def withheld(column: str, point: "pd.Series[Any]") -> bool:
    """Whether it is a tail of latencies where a queue grows: it only says how long the load went on."""
    return column.startswith("p99_") and cell_value(point["queue"]) == "piles up"


def _theirs(point: "pd.Series[Any]") -> list[str]:
    single = point["published.generated_tokens"] == point["published.successful_requests"]
    cells = []
    for line in VLLM_LINES:
        value = point[f"published.{line.published}"] if line.published else float("nan")
        cell = show_count(value) if line.count else two_decimals(value)
        cells.append(f"{cell}: {UNDEFINED}" if line.further and single and cell else cell)
    return cells


def notes(points: pd.DataFrame, slo: Slo) -> list[str]:
    """What a reader must know under the table."""
    lines = [
        "Lines as `vllm bench serve` prints them, recomputed from the times of single requests, over the "
        "whole load. TPOT and ITL are about tokens after the first: where each request has one, they are "
        "undefined, and not 0.",
        *steady_notes(points),
    ]
    if _latency_limits(slo):
        lines.append(
            "Within limits: of all requests sent, failed ones included; in brackets Wilson's 95 % interval, "
            "for as many independent requests as these are worth (eight blocks, in the order of sending)."
        )
    if (points["duplicates"] > 1).any():
        lines.append("Of prompts sent more than once, latencies are those of all submissions together.")
    if points.get("same_prompts", pd.Series(dtype=bool)).fillna(False).any():
        lines.append("Prompt and output token totals are the published ones where figures stand beside ours.")
    if (points["layout"] == "packed").any() and "published.duration_s" in points:
        lines.append(
            "The published packed figures are not of a prompt that was computed: its first token came sooner "
            "than a GPU can compute it (docs/validity.md)."
        )
    for _, point in points[~points["valid"]].iterrows():
        lines.append(f"Not counted: {point_name(point)}. {cell_value(point['reason']) or point['status']}.")
    return lines


def steady_notes(points: pd.DataFrame) -> list[str]:
    """What is steady, and what the intervals of loops are intervals of."""
    if not (points[CLOSED].notna() | points[OPEN].notna()).any():
        return []
    lines = [
        "Steady: from when as many requests were answered as were at most under way, to the last answer "
        "before the last sending; ramp and drain are left out. A load without such lines is too short, or "
        "its requests pile up.",
        passes_note(points),
    ]
    if (points["queue"] == "piles up").any():
        lines.append(f"{WITHHELD}: where requests pile up, P99 says how long the load went on, and no more.")
    return [line for line in lines if line]
