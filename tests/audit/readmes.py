"""Tables that were written by hand (README.md of each reference)."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.audit.checked import Checked, Unknown
from tests.audit.intervals import student
from tests.audit.pages import Grid, Row, check_cell, check_row, ends, grids, one
from tests.audit.several_starts import Part, in_all

Rows = Mapping[tuple[Any, ...], Row]
Cells = Callable[[Row], Sequence[Sequence[Any] | None]]
"""What stands in the columns of a row, behind those that name it."""


def check_table(
    table: Checked, grid: Grid, runs: Sequence[tuple[str, Row] | None], cells: Cells, first: int
) -> None:
    """A table with a row a run.

    Args:
        table: what is found goes here.
        grid: the table on the page.
        runs: in the page's order; None: a row in words.
        cells: what its columns show.
        first: the first column that shows a figure.
    """
    if len(grid.rows) != len(runs):
        table.off.append(f"{len(grid.rows)} rows stand there, {len(runs)} are known")
        return
    for line, found in zip(grid.rows, runs, strict=True):
        if found:
            name, row = found
            for heading, cell, values in zip(grid.headings[first:], line[first:], cells(row), strict=True):
                check_cell(table, f"{name}: {heading}", cell, [] if values is None else values)


def shown(*columns: str) -> Cells:
    """Figures by column; ``name+``: with its interval, ``name%``: in percent."""

    def made(row: Row) -> list[Sequence[Any]]:
        return [figure(name)(row) for name in columns]  # type: ignore[misc]

    return made


def figure(name: str) -> Callable[[Row], Sequence[Any] | None]:
    scale = 100 if "%" in name else 1
    return (ends if "+" in name else one)(name.strip("+%"), scale)


H100_RUNS = {
    "packing": ("packed-n4", "separate-n4", "packed-n40", "separate-n40", "packed-n400", "separate-n400"),
    "saturation": ("packed-n400", "packed-n40", "packed-n20", "packed-n4", "separate-n1", "packed-n40-r160"),
    "reuse": tuple(
        f"{layout}-n400-reuse-{kind}" for kind in ("text", "full") for layout in ("packed", "separate")
    ),
    "batched_tokens": tuple(
        f"packed-n4-batched{limit}" for limit in ("default", "10000", "80000", "160000", "default-seqs256")
    ),
    "instruction": (
        "separate-n1-instruction-last-reuse-none",
        "separate-n1-instruction-first-reuse-none",
        "separate-n1-instruction-first-reuse-full",
    ),
}


def published_total(path: Path) -> Callable[[tuple[str, str], Row], Any]:
    """The published throughput of the same case, whatever the number of its copies."""
    said = pd.read_csv(path)

    def found(key: tuple[str, str], row: Row) -> Any:
        if not np.isnan(value := row["published.total_token_throughput"]):
            return value
        match = re.fullmatch(r"(packed|separate)-n400-reuse-(text|full)", key[1])
        if key[0] != "reuse" or not match:
            return None
        rows = said[(said["study"] == "reuse") & (said["layout"] == match[1]) & (said["reuse"] == match[2])]
        return float(rows["total_tokens_per_s"].iloc[0])

    return found


def h100(page: Path, rows: Rows, loads: Rows, classes: Rows, published: Path) -> Iterator[Checked]:
    offline, cases, rates, steps = grids(page)
    table, total = Checked("README.md, offline"), published_total(published / "offline.csv")
    runs: list[tuple[str, Row] | None] = []
    for study, names in H100_RUNS.items():
        for name in names:
            row = rows[study, name]
            runs.append((f"{study}/{name}", {**row, "theirs": total((study, name), row)}))
    cells = shown("theirs", "total_token_throughput", "texts_per_s+", "joules_per_text")
    check_table(table, offline, [*runs, None], cells, 2)
    yield table
    yield h100_cases(cases, loads)
    yield h100_rates(rates, loads)
    yield h100_steps(steps, classes)


def h100_cases(grid: Grid, loads: Rows) -> Checked:
    """The published server cases, a column each."""
    table = Checked("README.md, server")
    packed, again, alone = (
        loads["layouts", name] for name in ("packed-n400", "packed-n400-x2-reuse-full-c1", "separate-n400")
    )
    lines: list[Sequence[Any]] = [
        [None, packed["cached_tokens"], again["cached_tokens"], None, alone["cached_tokens"]],
        [packed["published.median_ttft_ms"], packed["median_ttft_ms"], again["again_median_ttft_ms"],
         alone["published.median_ttft_ms"], alone["median_ttft_ms"]],
        [packed["published.duration_s"], packed["duration_s"], again["seconds_of_the_copies"],
         alone["published.duration_s"], alone["duration_s"]],
        [packed["published.output_tokens_per_s"], packed["texts_per_s"], 400 / again["seconds_of_the_copies"],
         alone["published.requests_per_s"], alone["texts_per_s"]],
    ]  # fmt: skip
    for line, values in zip(grid.rows, lines, strict=True):
        for heading, cell, value in zip(grid.headings[1:], line[1:], values, strict=True):
            if value is not None:
                check_cell(table, f"{line[0]}: {heading}", cell, [value])
    return table


def h100_rates(grid: Grid, loads: Rows) -> Checked:
    """Closed loop on the left, open loop on the right."""
    table = Checked("README.md, loads")
    closed = [loads["closed_loop", f"separate-n40-c{count}"] for count in (1, 4, 16, 64, 256, 1024)]
    opened = [loads["open_loop", f"separate-n1-rate{rate}"] for rate in (20, 60, 100, 140, 200, 400)]
    for line, left, right in zip(grid.rows, closed, opened, strict=True):
        steady = left["steady_requests"] > 0
        asked = left["load.max_concurrency"]
        reached = [asked] if left["most_under_way"] >= asked else [left["most_under_way"], asked]
        values: list[Sequence[Any]] = [
            reached,
            ends("steady_throughput")(left) or [] if steady else [left["requests"]],
            [left["steady_median_ttft_ms"]] if steady else [],
            [left["joules_per_text"]],
            [],
            [right["load.request_rate"]],
            [right["came"]],
            ends("finished")(right) or [],
            [right["steady_p99_ttft_ms"]] if right["steady_requests"] else [],
        ]
        check_row(table, f"{line[0]}, {line[5]}", grid.headings, line, values)
    return table


def h100_steps(grid: Grid, classes: Rows) -> Checked:
    table = Checked("README.md, inside steps")
    for place, (run, profiler) in enumerate(
        (r, p) for r in ("packed-n40", "separate-n1") for p in ("torch", "nsys")
    ):
        rows = {key[3]: row for key, row in classes.items() if key[1:3] == (run, profiler)}
        whole = sum(row["seconds"] for row in rows.values())
        some = {name: 100 * rows[name]["share"] for name in ("GEMM", "attention", "idle")}
        values = [some["GEMM"], some["attention"], 100 - sum(some.values()), some["idle"]]
        tokens = rows["GEMM"]["prefill_tokens"] + rows["GEMM"]["decode_tokens"]
        values += [1e3 * whole / rows["GEMM"]["steps"], 1e6 * whole / tokens]
        for line, value in zip(grid.rows[1:], values, strict=True):
            check_cell(table, f"{run}, {profiler}: {line[0]}", line[1 + place], [value])
    return table


def h200(page: Path, rows: Rows) -> Iterator[Checked]:
    """Medians, with the interval of total tokens/s."""
    table, (grid,) = Checked("README.md"), grids(page)
    names = {"packing": H100_RUNS["packing"], "saturation": H100_RUNS["saturation"][:-1]}
    runs = [(f"{study}/{name}", rows[study, name]) for study, each in names.items() for name in each]

    def cells(row: Row) -> list[Sequence[Any]]:
        total = [row[f"total_token_throughput{end}"] for end in ("", "_low", "_high")]
        return [[row["published.total_token_throughput"]], total[:1], total[1:], [row["texts_per_s"]]]

    check_table(table, grid, runs, cells, 2)
    yield table


ANSWERS = {"free": "free_answers", "labels": "label_answers", "codes": "code_answers"}


ALL_N = ("separate-n1", "packed-n2", "packed-n4", "packed-n8", "packed-n16")


def in_page_order(rows: Rows) -> list[tuple[str, Row]]:
    return [(f"{study}/{name}", rows[study, name]) for study in ANSWERS.values() for name in ALL_N]


def sureness(grid: Grid, rows: Rows, names: Mapping[str, Sequence[str]]) -> Checked:
    """How sure the model was of each answer's labels, and how many of those that it gave are right."""
    table = Checked("README.md, sureness")
    runs = [(f"{study}/{name}", rows[study, name]) for study, each in names.items() for name in each]
    told = [(name, {**row, "precision": row["accuracy"] / row["label_coverage"]}) for name, row in runs]
    columns = ("texts_per_s+", "accuracy+%", "label_coverage%", "precision%", "mean_confidence%")
    check_table(table, grid, told, shown(*columns, "expected_calibration_error+%"), 2)
    return table


def ratio_of(row: Row, base: Row) -> list[float]:
    """One run's speed over another's, with Welch's interval for runs of a fixed number of repeats."""
    parts = []
    for each in (row, base):
        freedom = each["repeats"] - 1
        half = np.log(each["texts_per_s_high"] / each["texts_per_s"])
        parts.append(Part((half / student(freedom)) ** 2, freedom))
    both, ratio = in_all(parts), row["texts_per_s"] / base["texts_per_s"]
    half = student(both.freedom) * both.variance**0.5
    return [ratio, ratio * float(np.exp(-half)), ratio * float(np.exp(half))]


def smollm2(page: Path, rows: Rows, labels: Rows) -> Iterator[Checked]:
    figures, confidence, sure, starts = grids(page)
    whole = {key: {**rows[key], **labels[key], "speed": 1} for key in rows}
    table = Checked("README.md, figures")
    columns = ("texts_per_s+", "accuracy+%", "label_coverage%", "expected_calibration_error+%")
    check_table(table, figures, in_page_order(whole), shown(*columns), 2)
    yield table
    table = Checked("README.md, confidence")
    for line, name in zip(confidence.rows, ("packed-n4", "separate-n1"), strict=True):
        without, asked = (rows["confidence", f"{name}-confidence-{what}"] for what in (False, True))
        ratio = asked["texts_per_s"] / without["texts_per_s"]
        for cell, values in zip(
            line[1:], (ends("texts_per_s")(without), ends("texts_per_s")(asked), [ratio]), strict=True
        ):
            check_cell(table, f"confidence, {name}", cell, values or [])
    yield table
    yield sureness(sure, whole, {"free_confidence": ALL_N, "label_confidence": ("separate-n1", "packed-n4")})
    yield seven_starts(page.with_name("starts.csv"), starts)


def seven_starts(path: Path, grid: Grid) -> Checked:
    """Seconds of each start's passes, as starts.csv has them."""
    table, said = Checked("README.md, starts"), pd.read_csv(path)
    for line in grid.rows:
        seconds = said.loc[said["start"] == int(line[0]), "seconds"].tolist()
        check_cell(table, f"start {line[0]}", line[2], seconds)
    return table


def starts_file(path: Path) -> Checked:
    table, said = Checked(path.name), pd.read_csv(path)
    why = Unknown("the raw files of these seven starts were not kept")
    for line in said.to_dict("records"):
        for column, value in line.items():
            if column not in ("start", "repeat", "asynchronous_scheduling"):
                table.number(f"{line['start']}: {column}", value, why)
    return table


NOT_ASKED, ASKED = (f"-confidence-{what}" for what in (False, True))
"""How the names of runs end that were asked for confidence, and that were not."""


def banking77(page: Path, rows: Rows, labels: Rows) -> Iterator[Checked]:
    figures, confidence, whole_labels, cost = grids(page)
    whole = {key: {**rows[key], **labels[key]} for key in rows}
    named = whole | {(study, run.removesuffix(NOT_ASKED)): row for (study, run), row in whole.items()}
    table, columns = Checked("README.md"), ("prompt_tokens", "texts_per_s+", "accuracy+%", "label_coverage%")
    check_table(table, figures, in_page_order(named), shown(*columns), 2)
    yield table
    table = Checked("README.md, confidence")
    runs = [(study, name) for study, name in (name.split("/") for name, _ in in_page_order(named)[10:])]
    asked = [
        (f"{study}/{name}", {**whole[study, name + ASKED], "without": named[study, name]})
        for study, name in runs
    ]

    def cells(row: Row) -> list[Sequence[Any] | None]:
        told = shown("texts_per_s+", "mean_confidence%", "expected_calibration_error+%")(row)
        return [ends("texts_per_s")(row["without"]), *told]

    check_table(table, confidence, asked, cells, 1)
    yield table
    studies = ("free_confidence", "label_confidence")
    yield sureness(whole_labels, whole, dict.fromkeys(studies, ALL_N))
    table = Checked("README.md, cost of asking")
    for line, study in zip(cost.rows, studies, strict=True):
        pair = [rows[study, f"packed-n4{end}"] for end in (NOT_ASKED, "")]
        found = [*(ends("texts_per_s")(row) or [] for row in pair), ratio_of(pair[1], pair[0])]
        for heading, cell, values in zip(cost.headings[1:], line[1:], found, strict=True):
            check_cell(table, f"{study}: {heading}", cell, values)
    yield table


def h200_starts(
    page: Path, starts: Sequence[Row], repeats: pd.DataFrame, rows: Rows, loads: Rows
) -> Iterator[Checked]:
    """Speeds and spreads over engine starts, the weights' values, and the server's seeds.

    Args:
        page: the README.
        starts: of each run and start its ``study``, ``run``, ``start``, ``gpu`` and ``texts_per_s``.
        repeats: of each pass the same three, and ``seconds``.
        rows: of each run.
        loads: of each load point.
    """
    spreads, weights, server = grids(page)
    table = Checked("README.md, starts")
    for line, key in zip(spreads.rows, OVER_STARTS, strict=True):
        own = sorted(
            (each for each in starts if (each["study"], each["run"]) == key), key=lambda each: each["start"]
        )
        for cell, value in zip(line[1:5], own, strict=True):
            check_cell(table, f"{line[0]}: start", cell, [value["texts_per_s"]])
        for cell, value in zip(line[5:], spreads_of(own, repeats, key), strict=True):
            check_cell(table, f"{line[0]}: spread", cell, [value])
    yield table
    table = Checked("README.md, weights")
    for line, name in zip(weights.rows, ("hermes-3-8b-shape", "normal", "zeros"), strict=True):
        row = rows["weights", f"separate-n1-{name}"]
        for cell, values in zip(
            line[1:3], (ends("texts_per_s")(row), one("joules_per_text")(row)), strict=True
        ):
            check_cell(table, f"{line[0]}", cell, values or [])
    yield table
    table = Checked("README.md, server")
    points = [("closed_loop", f"separate-n40-c{count}") for count in (1, 4, 16, 64, 256)]
    points += [("open_loop", f"separate-n1-rate{rate}") for rate in (100, 120, 140)]
    for line, (study, name) in zip(server.rows, points, strict=True):
        of_seeds = [loads[study, f"{name}-seed-{seed}"] for seed in range(3)]
        for cell, column in zip(line[1:], ("steady_throughput", "steady_median_ttft_ms"), strict=True):
            check_cell(table, f"{line[0]}: {column}", cell, [each[column] for each in of_seeds])
    yield table


OVER_STARTS = (
    ("saturation", "packed-n4"),
    ("saturation", "separate-n1"),
    ("packing", "packed-n40"),
    ("packing", "separate-n40"),
    ("packing", "packed-n4"),
    ("packing", "separate-n4"),
)
"""The README's runs in several engine starts, in its order."""


def spreads_of(starts: Sequence[Row], repeats: pd.DataFrame, key: tuple[str, str]) -> list[float]:
    """Standard deviations of ln(seconds) in percent: within starts, between those of a GPU; and two GPUs' difference."""
    own = repeats[(repeats["study"] == key[0]) & (repeats["run"] == key[1])]
    logs = np.log(own["seconds"]).groupby(own["start"])
    gpus = pd.Series({each["start"]: each["gpu"] for each in starts})
    by_gpu = logs.mean().groupby(gpus)
    first, second = by_gpu.mean()
    return [100 * float(np.sqrt(each.mean())) for each in (logs.var(), by_gpu.var())] + [
        100 * abs(first - second)
    ]


def smollm2_starts(page: Path, starts: Sequence[Row], repeats: pd.DataFrame) -> Iterator[Checked]:
    """Seconds of the passes of each start, and its speed; arguments as those of `h200_starts`."""
    (grid,) = grids(page)
    table = Checked("README.md")
    order = [(run, start) for run in ("packed-n4", "separate-n1") for start in (1, 2, 3)]
    for line, (run, start) in zip(grid.rows, order, strict=True):
        own = repeats[(repeats["run"] == run) & (repeats["start"] == start)]
        speed = next(each["texts_per_s"] for each in starts if (each["run"], each["start"]) == (run, start))
        check_cell(table, f"{run}, start {start}: seconds", line[2], own["seconds"].tolist())
        check_cell(table, f"{run}, start {start}: speed", line[3], [speed])
    yield table
