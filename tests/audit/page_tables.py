"""The pages that the workflow writes (tables/*.md), table by table."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tests.audit.captures import CLASSES
from tests.audit.checked import Checked
from tests.audit.pages import (
    NOTE,
    Row,
    check_cell,
    check_rows,
    cost_columns,
    grids,
    labels_columns,
    load_lines,
    metric_headings,
    study_columns,
)

METRICS = Path(__file__).parents[2] / "docs" / "metrics.md"
Rows = Mapping[tuple[Any, ...], Row]


def order_in(path: Path) -> list[tuple[str, str]]:
    """Runs in the order of a table; a page has the same."""
    said = pd.read_csv(path, usecols=["study", "run"])[["study", "run"]]
    return list(said.itertuples(index=False, name=None))


def in_order(keys: Sequence[tuple[str, str]], rows: Rows) -> list[tuple[str, Row]]:
    return [("/".join(key), rows[key]) for key in keys]


def study_pages(tables: Path, rows: Rows) -> Iterator[Checked]:
    columns = study_columns(metric_headings(METRICS) | {"reviews/s": "reviews_per_s"})
    for study in dict.fromkeys(study for study, _ in rows):
        keys = [key for key in order_in(tables / "runs.csv") if key[0] == study]
        if (page := tables / f"{study}.md").is_file():
            yield check_rows(page, grids(page)[0], in_order(keys, rows), columns)


def cost_page(tables: Path, rows: Rows) -> Iterator[Checked]:
    if rows:
        page = tables / "cost.md"
        yield check_rows(page, grids(page)[0], in_order(order_in(tables / "cost.csv"), rows), cost_columns)


def labels_page(tables: Path, rows: Rows, confusion: Rows) -> Iterator[Checked]:
    """The table of all runs; its further tables are checked by what labels_*.csv was recomputed to."""
    if not rows:
        return
    page = tables / "labels.md"
    cells: dict[tuple[str, str], dict[tuple[str, str], int]] = {}
    for (study, run, gold, label), row in confusion.items():
        cells.setdefault((study, run), {})[gold, label] = row["texts"]
    whole = {key: {**row, "confusion": cells[key]} for key, row in rows.items()}
    yield check_rows(page, grids(page)[0], in_order(order_in(tables / "labels.csv"), whole), labels_columns)


def load_page(page: Path, points: Sequence[tuple[str, Row]]) -> Checked:
    """A server study: a line a figure, a column a load point, and one beside it where there is a published one."""
    table, (grid, *_) = Checked(page.name), grids(page)
    columns = [heading for heading in grid.headings[1:] if not heading.endswith(NOTE)]
    names = grid.column("line")
    if len(columns) != len(points):
        table.off.append(f"{len(columns)} load points stand there, {len(points)} were recomputed")
        return table
    for heading, (name, row) in zip(columns, points, strict=True):
        found = dict(load_lines(row))
        for line, cell in zip(names, grid.column(heading), strict=True):
            values = found.get(line.partition(" (req/s; ")[0] if line.startswith("Goodput") else line)
            check_cell(table, f"{name}: {line}", cell, values)
        if f"{heading}{NOTE}" in grid.headings:
            said = published_lines(row)
            for line, cell in zip(names, grid.column(f"{heading}{NOTE}"), strict=True):
                check_cell(table, f"{name}, published: {line}", cell, said.get(line, []))
    return table


def published_lines(row: Row) -> dict[str, list[Any]]:
    names = {
        "Successful requests": "successful_requests",
        "Benchmark duration (s)": "duration_s",
        "Total input tokens": "input_tokens",
        "Total generated tokens": "generated_tokens",
        "Request throughput (req/s)": "requests_per_s",
        "Output token throughput (tok/s)": "output_tokens_per_s",
        "Total token throughput (tok/s)": "total_tokens_per_s",
    }
    for kind in ("ttft", "tpot", "itl"):
        for said, name in (("Mean", "mean"), ("Median", "median"), ("P99", "p99")):
            names[f"{said} {kind.upper()} (ms)"] = f"{name}_{kind}_ms"
    return {line: [row[f"published.{name}"]] for line, name in names.items()}


def profiles_page(page: Path, by_class: Rows, by_step: Rows) -> Checked:
    """A row a class, four columns a capture."""
    table, (grid, *_) = Checked(page.name), grids(page)
    captures = list(dict.fromkeys(key[:3] for key in by_step))
    for study, run, profiler in captures:
        classes = {key[3]: row for key, row in by_class.items() if key[:3] == (study, run, profiler)}
        named = f" ({study}/{run}, {profiler})"
        for line, kernel_class in enumerate((*CLASSES, "idle")):
            row = classes[kernel_class]
            shown = {
                "% of window": 100 * row["share"],
                "ms/step": 1e3 * row["seconds"] / row["steps"],
                "GFLOP/s": row["flops_per_s"] / 1e9,
                "GB/s": row["bytes_per_s"] / 1e9,
            }
            absent = {heading for heading in shown if heading + named not in grid.headings}
            for heading in absent:  # a column of all classes alike that holds nothing is left out
                assert math.isnan(shown.pop(heading)), heading
            for heading, value in shown.items():
                cell = grid.rows[line][grid.headings.index(heading + named)]
                check_cell(table, f"{study}/{run}, {profiler}, {kernel_class}: {heading}", cell, [value])
        whole = sum(row["seconds"] for row in classes.values())
        for heading, value in (("% of window", 100), ("ms/step", 1e3 * whole / row["steps"])):
            cell = grid.rows[-1][grid.headings.index(heading + named)]
            check_cell(table, f"{study}/{run}, {profiler}, window: {heading}", cell, [value])
    return table


def memory_page(page: Path, memory: Rows) -> Checked:
    """A row a line of memory, three columns a run."""
    table, (grid, *_) = Checked(page.name), grids(page)
    for study, run in dict.fromkeys(key[:2] for key in memory):
        rows = {key[2]: row for key, row in memory.items() if key[:2] == (study, run)}
        rows["in use"] = {"measured_bytes": sum(row["measured_bytes"] for row in rows.values())}
        for name, cells in zip(grid.column("line"), grid.rows, strict=True):
            measured, predicted = (rows[name].get(f"{what}_bytes") for what in ("measured", "predicted"))
            apart = None if predicted is None else measured - predicted
            for heading, value in (
                ("MB measured", measured),
                ("MB predicted", predicted),
                ("difference", apart),
            ):
                cell = cells[grid.headings.index(f"{heading} ({study}/{run})")]
                check_cell(
                    table, f"{study}/{run}, {name}: {heading}", cell, [None if value is None else value / 1e6]
                )
    return table
