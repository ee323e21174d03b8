"""Tables written by hand on precision, 2:4 weights, shared prefixes, and one GPU beside two."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tests.audit.checked import Checked
from tests.audit.pages import check_cell, check_row, ends, grids
from tests.audit.products import TOGETHER
from tests.audit.raw import Run, runs_in
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
        check_row(table, f"{weights}, {cache}", grid.headings[2:], line[2:], values)
    yield table


def clock_of(run: Run) -> float:
    """Mean MHz of the samples of a run's passes."""
    samples = run.table("hardware")
    assert samples is not None
    return float(samples["sm_clock_mhz"].mean())


BY_N = ((400, "packed-n400"), (20, "packed-n20"), (4, "packed-n4"), (1, "separate-n1"))
"""The rows of a table of 2:4 weights: texts per prompt, and how runs' names begin."""

OF_MODELS = ("-normal-8b", "-normal-8b-2of4")
"""How the names of dense runs end, and those with 2:4 weights."""


def said_by(published: Path, study: str) -> "pd.Series[float]":
    """Published total tokens/s of a study with 4,000 reviews, by n."""
    table = pd.read_csv(published / "offline.csv")
    return table[(table["study"] == study) & (table["reviews"] == 4000)].set_index("n")["total_tokens_per_s"]


def h200_sparse_kernels(
    page: Path, rows: Rows, runs: Mapping[tuple[str, str], Run], published: Path
) -> Iterator[Checked]:
    """2:4 kernels beside dense ones of the same engine, and what was published of both."""
    (grid,) = grids(page)
    table, total = Checked("README.md"), "total_token_throughput"
    said_dense, said_sparse = (said_by(published, study) for study in ("saturation", "sparse"))
    for line, (n, name) in zip(grid.rows, BY_N, strict=True):
        keys = [("sparse_kernels", name + model) for model in OF_MODELS]
        dense, sparse = (rows[key] for key in keys)
        values: list[Sequence[Any]] = [[said_dense[n]], [said_sparse[n]], [said_sparse[n] / said_dense[n]]]
        values += [[dense[total]], [sparse[total]], [sparse[total] / dense[total]]]
        values += [[each["joules_per_text"]] for each in (dense, sparse)]
        values += [[clock_of(runs[key])] for key in keys]
        check_row(table, line[0], grid.headings[1:], line[1:], values)
    yield table


def h200_sparse(
    page: Path, rows: Rows, products: Rows, runs: Mapping[tuple[str, str], Run], published: Path
) -> Iterator[Checked]:
    """2:4 weights beside dense ones in one engine; and products of a whole layer, by tokens."""
    engine, layer = grids(page)
    table, said = Checked("README.md, as-dense"), said_by(published, "sparse")
    for line, (n, name) in zip(engine.rows, BY_N, strict=True):
        dense, sparse = (rows["sparse", name + model] for model in OF_MODELS)
        total = "total_token_throughput"
        values: list[Sequence[Any]] = [[said[n]], [dense[total]], [sparse[total]]]
        values.append([sparse[total] / dense[total]])
        values += [[each["joules_per_text"]] for each in (dense, sparse)]
        values += [[clock_of(runs["sparse", name + model])] for model in OF_MODELS]
        check_row(table, line[0], engine.headings[1:], line[1:], values)
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
        check_row(table, name, grid.headings[3:], line[3:], values)
    yield table


@dataclass(frozen=True)
class Decoding:
    """The part of one pass in which all copies decode, and what the GPU did then."""

    before: float
    """seconds of the pass before it: the shared prefix is computed"""
    step: float
    """ms from the end of a step to the end of the next"""
    busy: float
    """share of the time in which a kernel ran, as NVML tells it"""
    power: float


def decoding_of(run: Run, repeat: int) -> Decoding:
    """From the first to the last step in which all copies decode."""
    steps, samples = run.table("steps"), run.table("hardware")
    assert steps is not None
    assert samples is not None
    steps = steps[steps["repeat"] == repeat].sort_values("step")
    ends = steps.loc[steps["decode_tokens"] == steps["decode_tokens"].max(), "finished_s"]
    first, last = ends.iloc[0], ends.iloc[-1]
    within = samples[(samples["repeat"] == repeat) & samples["time_s"].between(first, last)]
    step = 1000 * (last - first) / (len(ends) - 1)
    return Decoding(first, step, within["utilization"].mean(), within["power_w"].mean())


def h200_cascade_20(page: Path, rows: Rows, runs: Mapping[tuple[str, str], Run]) -> Iterator[Checked]:
    """20 copies, off and on; and how each pass spends its time, beside that of 100 copies."""
    pair, passes = grids(page)
    names = [f"packed-n400-disable_cascade_attn-{what}" for what in (True, False)]
    table = Checked("README.md")
    plain = rows["shared_prefix", names[0]]
    for line, name in zip(pair.rows, names, strict=True):
        run, row = runs["shared_prefix", name], rows["shared_prefix", name]
        counted = run.repeats[0].get("shared_prefix", {})
        values: list[Sequence[Any]] = [
            [row["total_token_throughput"]],
            ends("texts_per_s")(row) or [],
            [row["texts_per_s"] / plain["texts_per_s"]],
            [row["joules_per_text"]],
            [counted["shared_steps"], counted["steps"]] if counted else [],
        ]
        check_row(table, name, pair.headings[1:], line[1:], values)
    yield table
    table = Checked("README.md, passes")
    hundred = {run.key[1]: run for run in runs_in(page.parents[1] / "h200-cascade")}
    with_100 = hundred["packed-n400-x100-disable_cascade_attn-False"]
    shown = [(runs["shared_prefix", name], number) for name in names for number in range(3)]
    for line, (run, number) in zip(passes.rows, [*shown, (with_100, 0)], strict=True):
        found = decoding_of(run, number)
        figures = (
            run.repeats[number]["seconds"],
            found.before,
            found.step,
            100 * found.busy,
            found.step * found.busy,
            found.power,
        )
        for heading, cell, value in zip(passes.headings[3:], line[3:], figures, strict=True):
            check_cell(table, f"{run.key[1]}, pass {number + 1}: {heading}", cell, [value])
    yield table


def h200_two_gpus(page: Path, rows: Rows, runs: Mapping[tuple[str, str], Run]) -> Iterator[Checked]:
    """One engine on one GPU and on two."""
    (grid,) = grids(page)
    table = Checked("README.md")
    names = [(layout, gpus) for layout in ("separate-n1", "packed-n400") for gpus in (1, 2)]
    for line, (layout, gpus) in zip(grid.rows, names, strict=True):
        one, row = (rows["two_gpus", f"{layout}-tp{count}"] for count in (1, gpus))
        values: list[Sequence[Any]] = [
            [len(runs["two_gpus", f"{layout}-tp{gpus}"].environment["gpu"]["computing"])],
            [row["total_token_throughput"]],
            ends("texts_per_s")(row) or [],
            [row["texts_per_s"] / one["texts_per_s"]],
            [row["joules_per_text"]],
            [row["resolved.kv_cache_tokens"]],
        ]
        check_row(table, f"{layout}, {gpus}", grid.headings[1:], line[1:], values)
    yield table


def h200_long(page: Path, rows: Rows, runs: Mapping[tuple[str, str], Run]) -> Iterator[Checked]:
    """4,000 reviews and ten times as many."""
    (grid,) = grids(page)
    table = Checked("README.md")
    for line, texts in zip(grid.rows, (4_000, 40_000), strict=True):
        key = ("saturation", f"packed-n40-r{texts}")
        row, (repeat,) = rows[key], runs[key].repeats
        figures = (
            row["prompt_tokens"],
            repeat["steps"],
            repeat["seconds"],
            row["total_token_throughput"],
            row["texts_per_s"],
            row["joules_per_text"],
        )
        for heading, cell, value in zip(grid.headings[1:], line[1:], figures, strict=True):
            check_cell(table, f"{texts}: {heading}", cell, [value])
    yield table


def smollm2_precision(page: Path, rows: Rows, labels: Rows) -> Iterator[Checked]:
    """Speed and labels of three precisions of a small model's weights."""
    (grid,) = grids(page)
    table = Checked("README.md")
    for line, weights in zip(grid.rows, WEIGHTS[:3], strict=True):
        key = ("precision", f"separate-n1-{weights}-kv_cache_dtype-default")
        row, said = rows[key], labels[key]
        values: list[Sequence[Any]] = [
            [row["total_token_throughput"]],
            ends("texts_per_s")(row) or [],
            ends("accuracy", 100)(said) or [],
            [100 * row["label_flips"]],
            [] if weights == WEIGHTS[0] else [row["kappa"]],
        ]
        check_row(table, weights, grid.headings[1:], line[1:], values)
    yield table


@dataclass(frozen=True)
class Window:
    """One job of a sweep, in seconds since 1970: when it began, started its engine, and ended its last pass."""

    run: Run
    gpu: str
    begin: float
    engine: float
    end: float


def windows(folder: Path) -> list[Window]:
    """The jobs of a sweep in the order in which they began.

    A job's seconds are counted until shortly after its last pass, so that it began a little later than here.
    """
    found = []
    for run in runs_in(folder):
        (gpu,) = run.environment["gpu"]["computing"]
        last, engine, sweep = run.repeats[-1], run.measurement["engine"], run.measurement["sweep"]
        end = last["started_at"] + last["seconds"]
        ready = run.measurement["warmup"][0]["started_at"] - engine["age_s"]
        begin = end - sweep["seconds"] - sweep["waited_s"]
        found.append(Window(run, gpu, begin, ready - engine["start_s"], end))
    return sorted(found, key=lambda window: (round(window.begin), window.run.args["max_num_batched_tokens"]))


def whole(jobs: Sequence[Window]) -> float:
    """Seconds from the begin of the first job to the end of the last pass."""
    return max(job.end for job in jobs) - min(job.begin for job in jobs)


def h200_sweep(page: Path, rows: Rows) -> Iterator[Checked]:
    """When each job began and ended, on which GPU; and one GPU beside two, where the page has it."""
    table, (jobs_grid, *both) = Checked("README.md"), grids(page)
    jobs = windows(page.parent)
    first = min(job.begin for job in jobs)
    for line, job in zip(jobs_grid.rows, jobs, strict=True):
        row = rows[job.run.key]
        values: list[Sequence[Any]] = [
            [job.run.args["max_num_batched_tokens"]],
            [job.gpu],
            [job.begin - first],
            [job.engine - first],
            [job.end - first],
            [row["total_token_throughput"]],
        ]
        check_row(table, job.run.key[1], jobs_grid.headings, line, values)
    for grid in both:
        one, two = (windows(page.parents[1] / f"h200-sweep-{name}") for name in ("one", "two"))
        in_all = [[whole(each), sum(job.end - job.begin for job in each)] for each in (one, two)]
        for line, figures in zip(grid.rows, zip(*in_all, strict=True), strict=True):
            for heading, cell, value in zip(
                grid.headings[1:], line[1:], (*figures, figures[0] / figures[1]), strict=True
            ):
                check_cell(table, f"{line[0]}: {heading}", cell, [value])
    yield table
