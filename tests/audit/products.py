"""gemm.csv and gemm.md, from the seconds of each matrix product."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.audit.checked import Checked, missing
from tests.audit.intervals import geometric, student
from tests.audit.pages import Grid, check_cell, grids
from tests.audit.work import DEVICES, PEAK

KEY = ("model", "layer", "tokens", "kernel")
TOGETHER = "all four"
Row = dict[str, Any]
Rows = dict[tuple[Any, ...], Row]


def product_rows(folder: Path) -> Rows:
    """A row a product and kernel; empty where there are none."""
    found: Rows = {}
    for path in sorted((folder / "gemm").glob("*.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))
        peak, measured = DEVICES[raw["environment"]["gpu"]["name"]][PEAK], raw["rows"] + together(raw["rows"])
        seconds = {(row["layer"], row["tokens"], row["kernel"]): row["seconds"] for row in measured}
        for row in measured:
            key = (raw["model"], row["layer"], row["tokens"], row["kernel"])
            found[key] = row | told(row, seconds, peak)
    return found


def together(rows: Sequence[Row]) -> list[Row]:
    """The four products of a layer, for kernels that ran all of them: round by round their sum."""
    found = []
    for tokens, kernel in dict.fromkeys((row["tokens"], row["kernel"]) for row in rows):
        four = [row for row in rows if (row["tokens"], row["kernel"]) == (tokens, kernel)]
        if all(row["seconds"] for row in four):
            sums = np.sum([row["seconds"] for row in four], axis=0).tolist()
            weights = sum(row["outputs"] * row["inputs"] for row in four)
            whole = {"layer": TOGETHER, "outputs": weights, "inputs": 1, "seconds": sums, "error": None}
            found.append({**four[0], **whole})
    return found


def told(row: Row, seconds: Mapping[tuple[Any, ...], list[float]], peak: float) -> Row:
    """Rates and ratios of a row."""
    mine, work = row["seconds"], 2 * row["tokens"] * row["outputs"] * row["inputs"]
    rate = geometric([work / each / 1e12 for each in mine])
    cells: Row = {"rounds": len(mine), **named("tflops", rate)}
    eight = 2 if row["precision"] == "fp8" else 1
    cells["share_of_peak"] = rate[0] * 1e12 / (peak * eight * (2 if row["sparse"] else 1))
    base = f"dense {row['precision']}" if row["sparse"] else "dense bfloat16"
    dense = seconds[row["layer"], row["tokens"], base] if row["kernel"] != base else []
    return cells | named("ratio", over(mine, dense))


def over(mine: Sequence[float], dense: Sequence[float]) -> tuple[float, float, float]:
    """Rate over the dense kernel's: of pairs, with Student's interval of their logarithms."""
    if not mine or not dense:
        return (math.nan,) * 3
    logs = np.log(dense) - np.log(mine)
    half = student(len(logs) - 1) * logs.std(ddof=1) / math.sqrt(len(logs))
    return tuple(math.exp(logs.mean() + sign * half) for sign in (0, -1, 1))  # type: ignore[return-value]


def named(name: str, values: tuple[float, float, float]) -> Row:
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def products_page(page: Path, rows: Rows) -> Iterator[Checked]:
    """Rates and ratios; errors; and how many products a kernel did not run."""
    rates, errors, refused = grids(page)
    yield rates_table(page.name, rates, rows)
    table = Checked(f"{page.name}, errors")
    for model, kernel, least, most, count in errors.rows:
        own = [
            row["error"]
            for key, row in rows.items()
            if (key[0], key[3]) == (model, kernel) and row["error"] is not None
        ]
        for said, value in ((least, min(own)), (most, max(own))):
            table.text(f"{kernel}: error", said, f"{value:.2e}")
        check_cell(table, f"{kernel}: products", count, [len(own)])
    for model, kernel, count, reason in refused.rows:
        own = [row for key, row in rows.items() if (*key[::3], row["refused"]) == (model, kernel, reason)]
        check_cell(table, f"{kernel}: refused", count, [len(own)])
    yield table


def rates_table(name: str, grid: Grid, rows: Rows) -> Checked:
    table = Checked(name)
    places = dict.fromkeys(key[:3] for key, row in rows.items() if row["seconds"])
    if len(places) != len(grid.rows):
        table.off.append(f"{len(grid.rows)} rows stand there, {len(places)} were recomputed")
        return table
    for line in grid.rows:
        cells = dict(zip(grid.headings, line, strict=True))
        place = (cells["model"], cells["layer"], int(cells["tokens"].replace(",", "")))
        for heading, cell in cells.items():
            what, _, kernel = heading.rstrip(")").partition(" (")
            if kernel:
                values = shown(what, rows[*place, kernel])
                check_cell(table, f"{place}: {heading}", cell, [each for each in values if not missing(each)])
    return table


def shown(what: str, row: Row) -> list[float]:
    """What a column shows of a kernel's row."""
    if what == "TFLOP/s":
        return [row["tflops"]]
    if what == "of peak":
        return [100 * row["share_of_peak"]]
    return [row[f"ratio{end}"] for end in ("", "_low", "_high")]
