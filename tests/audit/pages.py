"""Tables on pages (.md): each number that is shown, held against the recomputed one, rounded as it is shown."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.audit.checked import NO_FORMULA, Checked, Unknown, missing

NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?")
Row = Mapping[str, Any]
Values = Sequence[Any]
"""What a cell shows, from left to right."""


@dataclass(frozen=True)
class Grid:
    """A table of a page."""

    headings: list[str]
    rows: list[list[str]]

    def column(self, heading: str) -> list[str]:
        place = self.headings.index(heading)
        return [row[place] for row in self.rows]


def grids(page: Path) -> list[Grid]:
    """The tables of a page, in their order; a cell's marks are taken off."""
    blocks = re.findall(r"(?:^\|.*\n?)+", page.read_text(encoding="utf-8"), re.MULTILINE)
    found = []
    for block in blocks:
        lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines()]
        found.append(Grid(lines[0], lines[2:]))
    return found


def numbers_in(text: str) -> list[str]:
    return [found.replace(",", "") for found in NUMBER.findall(re.sub(r"\]\([^)]*\)|[*~`]", "", text))]


def shows(text: str, value: float) -> bool:
    """Whether a number is what a value is rounded to: to its decimals, or to three digits."""
    decimals = len(text.partition(".")[2])
    said = float(text)
    half = 0.5 * 10.0**-decimals
    if abs(said - value) <= half * (1 + 1e-6) + 1e-12 * abs(value):
        return True
    return not decimals and value != 0 and said == float(f"{value:.3g}")


IN_WORDS = (
    "grows with the load",
    "undefined at 1 output token",
    "reference",
    "n/a (random weights)",
    "default",
    "2:4, as-dense",
    "2:4, 2:4 kernels",
)
"""What may stand instead of a number."""


def check_row(
    table: Checked, place: str, headings: Sequence[str], cells: Sequence[str], values: Sequence[Values]
) -> None:
    """Compare what the cells of a row show, each below its heading."""
    for heading, cell, found in zip(headings, cells, values, strict=True):
        check_cell(table, f"{place}: {heading}", cell, found)


def check_cell(table: Checked, place: str, cell: str, values: Values | None) -> None:
    """Compare what a cell shows; None: not known how it is made.

    A figure may stand without its interval, and a small one as ``< 0.001``.
    """
    if cell in IN_WORDS:
        return
    for words in IN_WORDS:
        cell = cell.replace(words, "")
    if values and isinstance(values[0], str | bool):
        table.number(place, cell, str(values[0]))
        return
    said = numbers_in(cell)
    if values is None:
        table.untold[f"{NO_FORMULA}: {place.rpartition(': ')[2]}"] += len(said)
        return
    there = [value for value in values if not missing(value)]
    if unknown := next((value for value in there if isinstance(value, Unknown)), None):
        table.untold[unknown.why] += len(said)
    elif len(said) not in {len(there), min(len(there), 1)}:
        table.off.append(f"{place}: {cell!r} stands there, {there} was recomputed")
    elif cell.startswith("<"):
        table.number(place, float(there[0]) < float(said[0]), True)
    else:
        for text, value in zip(said, there, strict=False):
            if shows(text, float(value)):
                table.equal += 1
            else:
                table.off.append(f"{place}: {text} stands there, {value:.7g} was recomputed")


Maker = Callable[[Row], Values | None]


def check_rows(
    page: Path,
    grid: Grid,
    rows: Sequence[tuple[str, Row]],
    makers: Callable[[str], Maker | None],
    name: str = "",
) -> Checked:
    """A table with a row a run.

    Args:
        page: where it stands.
        grid: the table.
        rows: recomputed, in the order of the table, each with its name.
        makers: what a column shows of a row; None: it shows no number of ours.
        name: what to call the table.
    """
    table = Checked(name or page.name)
    if len(grid.rows) != len(rows):
        table.off.append(f"{len(grid.rows)} rows stand there, {len(rows)} were recomputed")
        return table
    for heading in grid.headings:
        if maker := makers(heading):
            for cell, (run, row) in zip(grid.column(heading), rows, strict=True):
                check_cell(table, f"{run}: {heading}", cell, maker(row))
    return table


def one(column: str, scale: float = 1) -> Maker:
    """A figure alone."""
    return lambda row: [scaled(row.get(column, Unknown(f"{NO_FORMULA}: {column}")), scale)]


def ends(column: str, scale: float = 1) -> Maker:
    """A figure, and its interval in brackets where it has one."""

    def made(row: Row) -> Values:
        return [scaled(row.get(f"{column}{end}"), scale) for end in ("", "_low", "_high")]

    return made


def scaled(value: Any, scale: float) -> Any:
    return value if isinstance(value, Unknown) or missing(value) else scale * float(value)


def metric_headings(docs: Path) -> dict[str, str]:
    """The metric behind each heading of a study's table, as docs/metrics.md has them."""
    rows = (
        line.split(" | ") for line in docs.read_text(encoding="utf-8").splitlines() if line.startswith("| `")
    )
    return {row[-1].strip(" |"): row[0].strip("| `") for row in rows if row[-1].strip(" |")}


COUNTED = {
    "n": "n",
    "texts": "texts",
    "reviews": "reviews",
    "repeats": "repeats",
    "engine starts": "starts",
    "total prompt tokens": "prompt_tokens",
    "total output tokens": "output_tokens",
    "cached prompt tokens": "cached_tokens",
    "cached, in theory": "expected_cached_tokens",
}
WORDS = (
    "layout",
    "model",
    "load_format",
    "status",
    "same prompts",
    "study",
    "run",
    "reuse",
    "instruction",
    "answer",
    "class",
    "line",
)
WORDS += ("limited by (predicted)", "confidence", "numbered", "prompts", "label", "gold", "labelled")
NOTE = " (H800 published)"


def study_columns(metrics: Mapping[str, str]) -> Callable[[str], Maker | None]:
    """The columns of a study's table."""

    def made(heading: str) -> Maker | None:
        if heading in WORDS:
            return None
        published = heading.endswith(NOTE)
        name = heading.removesuffix(NOTE)
        if published:
            return one(f"published.{metrics[name]}")
        if heading == "measured / published":
            return lambda row: [row.get("reproduced.texts_per_s", row.get("reproduced.reviews_per_s"))]
        if column := COUNTED.get(heading):
            return one(column)
        if metric := metrics.get(heading):
            return ends(metric, 100 if heading.endswith(("(%)", "(points)")) else 1)
        return lambda row: [row.get(f"engine.{heading}", row.get(heading))]

    return made


def labels_columns(heading: str) -> Maker | None:
    if heading in WORDS and heading != "prompts":
        return None
    if found := re.fullmatch(r"(.+) \(gold (.+), labelled\)", heading):
        answer, gold = found.groups()
        return lambda row: [row["confusion"].get((gold, answer), 0)]
    return LABELS.get(heading, lambda row: None)


LABELS: dict[str, Maker] = {
    "n": one("n"),
    "accuracy (%)": ends("accuracy", 100),
    "balanced accuracy (%)": ends("balanced_accuracy", 100),
    "macro-F1 (%)": ends("macro_f1", 100),
    "always the most frequent (%)": one("majority_share", 100),
    "agreement (%)": ends("agreement", 100),
    "kappa": ends("kappa"),
    "calibration error (points)": ends("expected_calibration_error", 100),
    "coverage (%)": one("label_coverage", 100),
    "texts": one("labels"),
    "prompts": one("prompts"),
    "too few labels": one("too_few"),
    "too many labels": one("too_many"),
    "repeats agree (%)": one("agreeing", 100),
    "difference (points)": ends("difference", 100),
    "McNemar p": lambda row: [row.get("mcnemar_p") if (row.get("paired_prompts") or 0) >= 10 else None],
}


def cost_columns(heading: str) -> Maker | None:
    if heading in WORDS:
        return None
    name = re.sub(r" \((work|predicted|KV cache)\)$", "", heading)
    return COST.get(name, lambda row: None)


def part(*columns: str) -> Maker:
    return lambda row: [100 * sum(row[column] for column in columns) / row["flop"]]


COST: dict[str, Maker] = {
    "n": one("n"),
    "GFLOP / text": lambda row: [row["flop"] / row["texts"] / 1e9],
    "attention's share (%)": part("flop_prefill_attention", "flop_decode_attention"),
    "decode's share (%)": part("flop_decode_linear", "flop_decode_attention", "flop_decode_head"),
    "steps": one("steps"),
    "weights read (GB)": one("bytes_weights", 1e-9),
    "KV read (GB)": one("bytes_kv_read", 1e-9),
    "KV written (GB)": one("bytes_kv_written", 1e-9),
    "time limited by compute (%)": one("compute_share", 100),
    "prefill alone (s)": one("predicted_prefill_s"),
    "decode alone (s)": one("predicted_decode_s"),
    "mixed (s)": one("predicted_mixed_s"),
    "predicted (s)": one("predicted_s"),
    "measured (s)": one("measured_s"),
    "measured / predicted": one("measured_over_predicted"),
    "MFU (%)": one("mfu", 100),
    "bandwidth use (%)": one("bandwidth_use", 100),
    "KV cache, predicted (tokens)": one("kv_tokens_predicted"),
    "KV cache, reported (tokens)": one("kv_tokens_reported"),
}


def load_lines(row: Row) -> Iterator[tuple[str, Values]]:
    """Lines of a load point's table, as `vllm bench serve` has them and beyond."""
    yield "Successful requests", [row["requests"]]
    yield "Benchmark duration (s)", [row["duration_s"]]
    yield "Total input tokens", [row["prompt_tokens"]]
    yield "Total generated tokens", [row["output_tokens"]]
    for name in ("request", "output token", "total token"):
        column = f"{name.replace('output token', 'output').replace(' ', '_')}_throughput"
        yield f"{name.capitalize()} throughput ({'req' if name == 'request' else 'tok'}/s)", [row[column]]
    for kind in ("ttft", "tpot", "itl", "e2el"):
        for name in ("mean", "median", "p99"):
            said = "P99" if name == "p99" else name.capitalize()
            yield f"{said} {kind.upper()} (ms)", [row[f"{name}_{kind}_ms"]]
    yield "Texts labelled (1/s)", [row["texts_per_s"]]
    yield "Within limits (%)", ends("good", 100)(row)
    yield "Goodput", ends("goodput")(row)
    yield "Requests under way, at most", [row["most_under_way"]]
    yield "Steady: seconds", [row.get("steady_s")]
    yield "Steady: requests answered", [row["steady_requests"]]
    yield "Steady: requests under way", [row["under_way"] if row["steady_requests"] else None]
    yield "Steady: requests/s", ends("steady_throughput")(row)
    yield "Steady: texts/s", ends("steady_texts_per_s")(row)
    for kind in ("ttft", "e2el"):
        yield f"Steady: median {kind.upper()} (ms)", ends(f"steady_median_{kind}_ms")(row)
        yield f"Steady: P99 {kind.upper()} (ms)", [row.get(f"steady_p99_{kind}_ms")]
    yield "Sent (req/s)", [row.get("sent_per_s")]
    yield "Came after the first quarter (req/s)", [row.get("came")]
    yield "Finished meanwhile (req/s)", ends("finished")(row)
    yield "TTFT grows by (s/s)", ends("ttft_growth")(row)
    yield "GPU energy (J/text)", [row["joules_per_text"]]
    yield "Failed requests", [row["failed"]]
    yield "Cached prompt tokens", [row["cached_tokens"]]
    yield "Client: share of a core (%)", [100 * row["client_cpu_share"]]
    yield "Client: P99 lag (ms)", [row["client_lag_p99_ms"]]
    yield "status", []
