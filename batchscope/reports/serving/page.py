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
from batchscope.reports.serving.sweeps import sweeps
from batchscope.reports.serving.vllm_result_lines import UNDEFINED, VLLM_LINES, Line
from batchscope.reports.serving.wording import CLOSED, OPEN, load_words, name_suffixes, setting_columns
from batchscope.results.frames import cell_value
from batchscope.results.published.offline import LABEL
from batchscope.statistics.knee import knee


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


def closed_loops(points: pd.DataFrame) -> Iterator[str]:
    """A sentence a sweep: where the knee is, and what more load brings behind it."""
    for sweep in sweeps(points, CLOSED):
        place = knee(sweep.points["request_throughput"].tolist())
        at, last = sweep.points.iloc[place], sweep.points.iloc[-1]
        words = (
            f"{_size(at)}{sweep.apart}: the knee is at {show_setting(at[CLOSED])} under way, with "
            f"{_rate(at)} and a median E2EL of {_ms(at, 'median_e2el_ms')}."
        )
        if place == len(sweep.points) - 1:
            yield words + " It is the largest load here: a larger one may do better."
        else:
            gain = last["request_throughput"] / at["request_throughput"]
            wait = last["median_e2el_ms"] / at["median_e2el_ms"]
            yield (
                f"{words} {show_setting(last[CLOSED])} under way bring {gain:.2f}x of that, and take "
                f"{wait:.1f}x as long."
            )


def open_loops(points: pd.DataFrame) -> Iterator[str]:
    """A sentence a sweep: up to which rate the server keeps up, and from which on requests pile up."""
    for sweep in sweeps(points, OPEN):
        rows, name = sweep.points, _size(sweep.points.iloc[0]) + sweep.apart
        piling = rows[rows["piles_up"].fillna(False).astype(bool)]
        kept = rows[~rows.index.isin(piling.index) & rows["piles_up"].notna()]
        if not kept.empty:
            at = kept.iloc[-1]
            yield (
                f"{name}: at {show_setting(at[OPEN])} requests/s the server keeps up, with a P99 TTFT of "
                f"{_ms(at, 'p99_ttft_ms')}."
            )
        if not piling.empty:
            at = piling.iloc[0]
            growth = at["ttft_growth"]
            yield (
                f"{name}: at {show_setting(at[OPEN])} requests/s they pile up: with each second of sending "
                f"TTFT grows by {growth:.2g} s, so about {at[OPEN] / (1 + growth):,.3g} are finished in a "
                "second."
            )
        else:
            yield f"{name}: no rate here is more than the server can do."


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
        f"{_size(again)}, sent {_time(again)} with the prefix cache on: TTFT {later:,.1f} ms instead of "
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
        f"{_size(again)}, sent {_time(again)} with the prefix cache on, {load_words(again)}: median TTFT "
        f"{_ms(again, 'first_median_ttft_ms')} at the first submission, "
        f"{_ms(again, 'again_median_ttft_ms')} later{behind} ({_ms(once, 'median_ttft_ms')} sent once, "
        "without the cache)."
    )


def _time(point: "pd.Series[Any]") -> str:
    return "a second time" if point["duplicates"] == 2 else "again"


def _size(point: "pd.Series[Any]") -> str:
    return f"{point['n']} texts to a prompt" if point["layout"] == "packed" else "Separate prompts"


def _rate(point: "pd.Series[Any]") -> str:
    """Requests/s, and where they hold several, texts/s."""
    texts = f" ({two_decimals(point['texts_per_s'])} texts/s)" if point["layout"] == "packed" else ""
    return f"{two_decimals(point['request_throughput'])} requests/s{texts}"


def _ms(point: "pd.Series[Any]", column: str) -> str:
    return f"{point[column]:,.1f} ms"


def serving_table(points: pd.DataFrame, slo: Slo) -> Table:
    """One line for each of vLLM's, then ours; a column for each load point, and for what was published."""
    columns: list[tuple[str, str]] = [("", LINE)]
    cells: list[list[str]] = [
        [line.words for line in VLLM_LINES] + [words for words, _ in our_lines(slo)] + ["status"]
    ]
    for _, point in points.iterrows():
        columns.append((MEASURED, point_name(point)))
        cells.append(_ours(point, slo))
        if cell_value(point.get("published.duration_s")) is not None:
            columns.append((LABEL, point_name(point)))
            cells.append(_theirs(point) + [""] * (len(our_lines(slo)) + 1))
    return Table(columns, [list(row) for row in zip(*cells, strict=True)])


def our_lines(slo: Slo) -> list[tuple[str, str]]:
    """Lines that vLLM's result has not: words and column."""
    limits = ", ".join(
        f"{key.removesuffix('_ms').upper()} {show_setting(value)} ms" for key, value in _latency_limits(slo)
    )
    goodput = [("Within limits (%)", "good"), (f"Goodput (req/s; {limits})", "goodput")] if limits else []
    return [
        ("Texts labelled (1/s)", "texts_per_s"),
        *goodput,
        ("Failed requests", "failed"),
        ("Cached prompt tokens", "cached_tokens"),
        ("Client: share of a core (%)", "client_cpu_share"),
        ("Client: P99 lag (ms)", "client_lag_p99_ms"),
    ]


def _latency_limits(slo: Slo) -> list[tuple[str, float]]:
    return list(slo.model_dump(exclude_none=True).items())


def _ours(point: "pd.Series[Any]", slo: Slo) -> list[str]:
    cells = [_cell(line, point[line.column], point) for line in VLLM_LINES]
    for _, name in our_lines(slo):
        if name in ("failed", "cached_tokens"):
            cells.append(show_count(point[name]))
        elif name in ("good", "goodput"):
            cells.append(_with_interval(point, name, 100 if name == "good" else 1))
        else:
            cells.append(two_decimals(100 * point[name] if name == "client_cpu_share" else point[name]))
    mark = str if point["valid"] else Struck
    return [mark(cell) for cell in cells] + [fault(point) or _state(point)]


def _state(point: "pd.Series[Any]") -> str:
    return "piles up" if cell_value(point["piles_up"]) else ""


def _with_interval(point: "pd.Series[Any]", name: str, factor: float) -> str:
    value, low, high = (two_decimals(factor * point[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return f"{value} ({low} to {high})" if value else ""


def _cell(line: Line, value: float, point: "pd.Series[Any]") -> str:
    if line.further and pd.isna(value) and point["requests"]:
        return UNDEFINED
    return show_count(value) if line.count else two_decimals(value)


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
        "Lines as `vllm bench serve` prints them, recomputed from the times of single requests. TPOT and ITL "
        "are about tokens after the first: where each request has one, they are undefined, and not 0.",
    ]
    if _latency_limits(slo):
        lines.append(
            "Within limits: of all requests sent, failed ones included; in brackets Wilson's interval."
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
