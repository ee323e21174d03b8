"""Tables written by hand on precision, 2:4 weights and shared prefixes."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tests.audit.checked import Checked
from tests.audit.pages import check_cell, ends, grids
from tests.audit.products import TOGETHER
from tests.audit.raw import Run
from tests.audit.readmes import Rows

WEIGHTS = ("default", "fp8_per_tensor", "fp8_per_channel", "fp8_per_block")
CACHES = ("default", "fp8")


def h200_precision(page: Path, rows: Rows) -> Iterator[Checked]:
    """Speed and energy of each precision that was measured, beside bf16's in the same layout."""
    (grid,) = grids(page)
    table = Checked("README.md")
    kinds = [
        (weights, cache)
        for weights in WEIGHTS
        for cache in CACHES
        if ("precision", f"separate-n1-{weights}-kv_cache_dtype-{cache}") in rows
    ]
    for line, (weights, cache) in zip(grid.rows, kinds, strict=True):
        values: list[Sequence[Any]] = []
        for layout in ("separate-n1", "packed-n40"):
            row, plain = (
                rows["precision", f"{layout}-{how}-kv_cache_dtype-{held}"]
                for how, held in ((weights, cache), (WEIGHTS[0], CACHES[0]))
            )
            speeds = ends("texts_per_s")(row)
            values += [speeds or [], [row["texts_per_s"] / plain["texts_per_s"]], [row["joules_per_text"]]]
        for heading, cell, found in zip(grid.headings[2:], line[2:], values, strict=True):
            check_cell(table, f"{weights}, {cache}: {heading}", cell, found)
    yield table


def clock_of(run: Run) -> float:
    """Mean MHz of the samples of a run's passes."""
    samples = run.table("hardware")
    assert samples is not None
    return float(samples["sm_clock_mhz"].mean())


def h200_sparse(
    page: Path, rows: Rows, products: Rows, runs: Mapping[tuple[str, str], Run], published: Path
) -> Iterator[Checked]:
    """2:4 weights beside dense ones in one engine; and products of a whole layer, by tokens."""
    engine, layer = grids(page)
    table, said = Checked("README.md, as-dense"), pd.read_csv(published / "offline.csv")
    said = said[said["study"] == "sparse"].set_index("n")["total_tokens_per_s"]
    for line, (n, name) in zip(
        engine.rows,
        [(400, "packed-n400"), (20, "packed-n20"), (4, "packed-n4"), (1, "separate-n1")],
        strict=True,
    ):
        dense, sparse = (rows["sparse", f"{name}-normal-8b{end}"] for end in ("", "-2of4"))
        total = "total_token_throughput"
        values: list[Sequence[Any]] = [[said[n]], [dense[total]], [sparse[total]]]
        values.append([sparse[total] / dense[total]])
        values += [[each["joules_per_text"]] for each in (dense, sparse)]
        values += [[clock_of(runs["sparse", f"{name}-normal-8b{end}"])] for end in ("", "-2of4")]
        for heading, cell, found in zip(engine.headings[1:], line[1:], values, strict=True):
            check_cell(table, f"{line[0]}: {heading}", cell, found)
    yield table
    table = Checked("README.md, products")
    for line in layer.rows:
        tokens = int(line[0].replace(",", ""))
        for heading, cell in zip(layer.headings[1:], line[1:], strict=True):
            kernel, _, what = heading.partition(": ")
            row = products["normal-8b", TOGETHER, tokens, kernel]
            ratios = [row[f"ratio{end}"] for end in ("", "_low", "_high")]
            check_cell(table, f"{tokens}: {heading}", cell, [row["tflops"]] if what == "TFLOP/s" else ratios)
    yield table


def h200_cascade(
    page: Path, rows: Rows, costs: Rows, runs: Mapping[tuple[str, str], Run], published: Path
) -> Iterator[Checked]:
    """Prefixes read once for all copies, or once a copy; and what the worker counted."""
    (grid,) = grids(page)
    table, said = Checked("README.md"), pd.read_csv(published / "offline.csv")
    said = said[(said["study"] == "reuse") & (said["reuse"] == "full")]
    said = said.set_index("layout")["total_tokens_per_s"]
    names = ("packed-n400-disable_cascade_attn-True", "packed-n400-x100-disable_cascade_attn-False")
    for line, name in zip(grid.rows, (*names, "separate-n400-disable_cascade_attn-True"), strict=True):
        key = ("shared_prefix", name)
        counted = runs[key].repeats[0].get("shared_prefix", {})
        values: list[Sequence[Any]] = [
            [said[name.partition("-")[0]]],
            [rows[key]["total_token_throughput"]],
            [rows[key]["texts_per_s"]],
            [rows[key]["joules_per_text"]],
            [counted["shared_steps"], counted["steps"]] if counted else [],
            [counted["attention_calls"]] if counted else [],
            [100 * costs[key]["bandwidth_use"]],
        ]
        for heading, cell, found in zip(grid.headings[3:], line[3:], values, strict=True):
            check_cell(table, f"{name}: {heading}", cell, found)
    yield table
