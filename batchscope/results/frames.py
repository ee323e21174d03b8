"""Tidy frames: one row a run, an engine start, a repeat. Tables, findings and plots are made of these.

Columns of the runs frame, in this order (a missing value is NA):

- ``study, run, status, valid, invalid, reason``: ``invalid`` holds the reason codes of `gates.validity_of`,
  ``reason`` the sentences, of a refused run what the engine does not accept; ``log_tail``: of a failed run,
  its log's last lines as a JSON list.
- ``model, model_source, load_format, layout, n, texts, duplicates, output_tokens_per_text``, and ``reuse,
  instruction, answer, numbered, confidence``: for a run from before there was a choice, as it then was.
- Each only where a run sets it: ``text_tokens`` (NA: whole texts), ``cut, permuted, fit``, and ``sparsity``:
  whether the engine has kernels for its 2:4 weights (NA: other weights).
- ``engine.environment, engine.<argument>`` (of a key inside one ``engine.<argument>.<key>``) and
  ``engine.variables.<NAME>``: as asked for; NA is vLLM's default. ``measure.<key>``.
- ``reference, most_precise``: as ``study/run``, what `reference_run` holds it against. Of one repeat:
  ``requests, prompt_tokens, output_tokens, cached_tokens``, ``expected_cached_tokens`` (what the cache must
  serve, in theory), ``longest_prompt_tokens``.
- ``repeats, stopped, ending, half_width``: how many, and why no more (`records.Stopped`, `stats.Ending`);
  ``noise``: standard deviation of ln(seconds); ``trend``: whether seconds rise or fall (`stats.trends`);
  ``unsteady``: whether they stand in two states (`steadiness.two_states`).
- ``starts``: engine starts that count. With several, ``repeats`` is the fewest in one of them, ``half_width``
  the widest, ``noise`` that inside of a start; seconds are sums, shares means, and what is not a number is of
  the first start that counts. Where any run has several: ``starts_left_out`` names those that do not count,
  ``labels_differ_between_starts`` counts texts, ``each_start`` is what comparisons need (`over_starts`).
- ``<metric>, <metric>_low, <metric>_high`` for each of `metrics.registry.METRICS`: geometric mean and 95 %
  interval: over starts where there are several, else repeatability on one engine start.
- ``published.<metric>, published.texts, published.model, same_prompts, same_model, same_hardware``, and
  ``reproduced.<metric>``: ours / published, of valid runs, where `Metric.reproduced` says so.
- ``timed_s, job_s``: seconds of all repeats, of the whole job; ``at_power_limit, at_fixed_clocks,
  utilization``: of the GPU's samples, a share and their mean.
- ``engine_start_s, engine_reused, resolved.<argument>``: the engine as it ran; ``device, gpu, gpu_ids,
  gpu_memory_bytes, driver, power_limit_w, power_limit_default_w, cpu, cores, measured_at, git_commit,
  fingerprint``, ``versions.<package>``.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd

from batchscope.common.errors import UserError
from batchscope.config.workload import Workload
from batchscope.results.clock_events import APPLICATIONS_CLOCKS, POWER_CAP, share_of_samples
from batchscope.results.faults import not_accepted
from batchscope.results.gates import Validity, validity_of
from batchscope.results.in_force.sparse_kernels import sparsity_cells
from batchscope.results.metrics.metric import Summary
from batchscope.results.metrics.registry import METRICS
from batchscope.results.over_starts import (
    StartedRun,
    each_start,
    gpu_ids,
    is_unsteady,
    key_of,
    left_out,
    metric_in_start,
    metric_of,
    noise_within,
    started_runs,
    texts_labelled_otherwise,
    utilization,
)
from batchscope.results.published.offline import (
    HARDWARE,
    PublishedRun,
    match,
    same_model,
    same_prompts,
    same_texts,
)
from batchscope.results.records import Environment, Measurement, RunRecord
from batchscope.statistics.intervals import trends
from batchscope.studies.axes import RENAMED

Row = dict[str, Any]

SELDOM_SET = ("text_tokens", "cut", "permuted", "fit")
"""Keys of a workload that are columns only where a run sets them."""

LOG_LINES = 20
"""Of a failed run's log: enough to see what happened."""


def runs_frame(records: Sequence[RunRecord], published: Sequence[PublishedRun]) -> pd.DataFrame:
    """One row a run, in the order of its first start among ``records``; columns as the module says."""
    shown = [key for key in SELDOM_SET if any(_sets(record, key) for record in records)]
    runs = started_runs(records)
    several = any(len(run.starts) > 1 for run in runs)
    rows = [_parts_of_row(run, _published_row(run.first, published), shown, several) for run in runs]
    # Part by part: an argument that only some runs set stays among its like.
    columns: list[str] = []
    for parts in zip(*rows, strict=True):
        names = list(dict.fromkeys(name for part in parts for name in part))
        columns += names if all(set(part) == set(names) for part in parts) else sorted(names)
    cells = [{key: value for part in row for key, value in part.items()} for row in rows]
    return _typed_frame(cells, columns)


def starts_frame(records: Sequence[RunRecord]) -> pd.DataFrame:
    """One row a run and engine start.

    Study, run, start (from 1), the folder under ``runs/STUDY``, whether it counts and why not, which engine
    start it was and where; then its repeats, and each metric with its repeatability on this start.
    """
    rows = [
        {
            **_start_of(record),
            "folder": record.measurement.run,
            **_validity(record.measurement, validity_of(record)),
            "start_id": record.measurement.engine.start_id,
            "gpu_ids": gpu_ids(record),
            "measured_at": record.environment.measured_at.isoformat(),
            **_repeats_of(StartedRun((record,))),
            **_metrics({name: metric_in_start(record, metric) for name, metric in METRICS.items()}),
        }
        for record in records
    ]
    known = dict.fromkeys(name for row in rows for name in row)
    return _typed_frame(rows, list(known))


def repeats_frame(records: Sequence[RunRecord]) -> pd.DataFrame:
    """One row a repeat: study, run, start and repeat (from 1), valid, what was counted, and each metric."""
    rows = [
        {
            **_start_of(record),
            "valid": valid,
            "repeat": number,
            **repeat.model_dump(),
            **{metric.name: metric.of(record, repeat) for metric in METRICS.values()},
        }
        for record, valid in ((record, validity_of(record).valid) for record in records)
        for number, repeat in enumerate(record.measurement.repeats, start=1)
    ]
    counted = ["requests", "prompt_tokens", "output_tokens", "cached_tokens", "steps", "energy_j"]
    names = ["started_at", "seconds", *counted, *METRICS]
    return _typed_frame(rows, ["study", "run", "start", "valid", "repeat", *names])


def _start_of(record: RunRecord) -> Row:
    study, run = key_of(record.measurement)
    return {"study": study, "run": run, "start": record.measurement.spec.start}


def read_frame(path: Path) -> pd.DataFrame:
    """Read a frame that ``make_tables.py`` wrote.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's own errors derive from these
        raise UserError(f"{path}: cannot be read ({error}); delete it and rerun") from None


def column_of(axis: str) -> str:
    """The runs frame's column of a study's key, such as n, engine.model or engine.extra.<argument>."""
    return {"engine.model": "model", **RENAMED}.get(axis, axis.replace("engine.extra.", "engine.", 1))


def cell_value(value: Any) -> Any:
    """A cell's value as Python's own type, or None where the frame holds NA."""
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _published_row(record: RunRecord, published: Sequence[PublishedRun]) -> PublishedRun | None:
    """The published run of the same question with the same model and texts: another one's figures mislead."""
    run = record.measurement
    row = match(published, run)
    return row if row and same_model(row.model, run.spec) and same_texts(row, run) else None


def _sets(record: RunRecord, key: str) -> bool:
    """Whether a run's workload has another value than the default."""
    return bool(getattr(record.measurement.spec.workload, key) != Workload.model_fields[key].default)


def _parts_of_row(
    started: StartedRun, row: PublishedRun | None, shown: Sequence[str], several: bool
) -> tuple[Row, ...]:
    """A run's cells, in groups that keep together where runs have different columns."""
    record, validity = started.first, started.validity
    run, environment = record.measurement, record.environment
    metrics = _metrics({name: metric_of(started, metric) for name, metric in METRICS.items()})
    return (
        _identity(run, validity),
        sparsity_cells(run),
        {key: getattr(run.spec.workload, key) for key in shown},
        {"engine.environment": run.spec.engine.environment},
        {
            **_flat("engine", run.spec.engine.args),
            **_flat("engine.variables", run.spec.engine.variables),
        },
        {f"measure.{key}": value for key, value in run.spec.measure.items() if key != "half_width_factors"},
        {"reference": _named(record.reference), "most_precise": _named(record.most_precise)},
        {**_totals(run), **_repeats_of(started)},
        {"starts": len(started.counted) if validity.valid else 0},
        _over_starts(started) if several else {},
        metrics,
        _published(record, row, metrics, validity.valid),
        _job(started),
        {"engine_start_s": run.engine.start_s, "engine_reused": run.engine.reused},
        {f"resolved.{key}": value for key, value in run.engine.resolved.items()},
        _hardware(environment) | {"gpu_ids": _gpus(started)},
        {f"versions.{name}": version for name, version in environment.versions.items()},
        {
            "measured_at": environment.measured_at.isoformat(),
            "git_commit": environment.git_commit,
            "fingerprint": environment.fingerprint,
        },
    )


def _named(other: RunRecord | None) -> str | None:
    return "/".join(key_of(other.measurement)) if other else None


def _flat(start: str, values: Mapping[str, Any]) -> Row:
    """Columns of settings; keys inside of one have a column each."""
    row = Row()
    for key, value in values.items():
        nested = isinstance(value, Mapping) and value
        row |= _flat(f"{start}.{key}", value) if nested else {f"{start}.{key}": value}
    return row


def _identity(run: Measurement, validity: Validity) -> Row:
    load, model = run.spec.workload, run.spec.model
    study, name = key_of(run)
    return {
        "study": study,
        "run": name,
        **_validity(run, validity),
        "log_tail": list(run.log_tail[-LOG_LINES:]) if run.status != "ok" and run.log_tail else None,
        "model": run.spec.engine.model,
        # Of a folder only the name: paths of a machine do not belong in published tables.
        "model_source": model.id or (model.path and PurePath(model.path).name) or model.source,
        "load_format": model.load_format,
        "layout": load.layout,
        "n": load.n,
        "texts": load.total_texts,
        "duplicates": load.duplicates,
        "output_tokens_per_text": load.output_tokens_per_text,
        "reuse": load.reuse,
        "instruction": load.instruction,
        "answer": load.answer,
        "numbered": load.numbered,
        "confidence": load.confidence,
    }


def _validity(run: Measurement, validity: Validity) -> Row:
    details = [f"{item.code}: {item.detail}" if item.detail else item.code for item in validity.invalid]
    message = not_accepted(run.message) if run.status == "refused" else run.message
    return {
        "status": run.status,
        "valid": validity.valid,
        "invalid": ", ".join(dict.fromkeys(item.code for item in validity.invalid)) or None,
        "reason": "; ".join([message, *details] if message else details) or None,
    }


def _totals(run: Measurement) -> Row:
    """Of one repeat; of the prompt file where there was none (no request ran, so nothing was cached)."""
    first = run.repeats[0] if run.repeats else None
    asked = run.prompts.labels * run.spec.workload.planned_tokens_per_text
    return {
        "requests": first.requests if first else run.prompts.prompts,
        "prompt_tokens": first.prompt_tokens if first else run.prompts.prompt_tokens,
        "output_tokens": first.output_tokens if first else asked,
        "cached_tokens": first.cached_tokens if first else None,
        "expected_cached_tokens": run.expected_cached_tokens if first else None,
        "longest_prompt_tokens": run.prompts.longest_prompt.tokens,
    }


def _repeats_of(started: StartedRun) -> Row:
    """How many repeats there were, why no more, and how far apart they lie."""
    runs = [start.measurement for start in started.counted]
    widths = [run.stopped.half_width for run in runs if run.stopped and run.stopped.half_width is not None]
    return {
        "repeats": min(len(run.repeats) for run in runs),
        "stopped": runs[0].stopped.reason if runs[0].stopped else None,
        "ending": runs[0].ending,
        # a number in any case: a study without a single repeat is asked for its precision too
        "half_width": max(widths, default=math.nan),
        "noise": noise_within(started),
        "trend": any(trends([repeat.seconds for repeat in run.repeats]) for run in runs),
        "unsteady": is_unsteady(started),
    }


def _over_starts(started: StartedRun) -> Row:
    """What only a run with several engine starts has."""
    return {
        "starts_left_out": left_out(started),
        "labels_differ_between_starts": texts_labelled_otherwise(started),
        "each_start": each_start(started) if started.validity.valid else None,
    }


def _gpus(started: StartedRun) -> str | None:
    """The GPUs of all starts; None where those of one are not known."""
    found = [gpu_ids(start) for start in started.counted]
    return None if None in found else ", ".join(sorted({each for each in found if each}))


def _metrics(figures: Mapping[str, Summary | None]) -> Row:
    row = Row()
    for name, found in figures.items():
        row[name] = found.middle if found else math.nan
        row[f"{name}_low"] = found.interval.low if found and found.interval else math.nan
        row[f"{name}_high"] = found.interval.high if found and found.interval else math.nan
    return row


def _published(record: RunRecord, row: PublishedRun | None, ours: Row, valid: bool) -> Row:
    run, environment = record.measurement, record.environment
    figures = {
        metric.name: metric.published(row) if row else math.nan
        for metric in METRICS.values()
        if metric.published is not None
    }
    gpu = environment.gpu.name if environment.gpu else ""
    return {
        **{f"published.{name}": value for name, value in figures.items()},
        "published.texts": row.texts if row else None,
        "published.model": row.model if row else None,
        "same_prompts": same_prompts(row, run) if row else None,
        "same_model": same_model(row.model, run.spec) if row else None,
        "same_hardware": HARDWARE in gpu if row else None,
        **{
            f"reproduced.{metric.name}": ours[metric.name] / figures[metric.name] if valid else math.nan
            for metric in METRICS.values()
            if metric.reproduced
        },
    }


def _job(started: StartedRun) -> Row:
    """What the whole jobs took, and the GPU's state while the clock ran."""
    runs, tables = ([getattr(each, name) for each in started.counted] for name in ("measurement", "hardware"))
    return {
        "timed_s": sum(repeat.seconds for run in runs for repeat in run.repeats),
        "job_s": sum(run.sweep.seconds if run.sweep else math.nan for run in runs),
        "at_power_limit": fmean(share_of_samples(table, POWER_CAP) for table in tables),
        "at_fixed_clocks": fmean(share_of_samples(table, APPLICATIONS_CLOCKS) for table in tables),
        "utilization": fmean(map(utilization, started.counted)),
    }


def _hardware(environment: Environment) -> Row:
    gpu = environment.gpu
    return {
        "device": environment.device,
        "gpu": gpu.name if gpu else None,
        "gpu_ids": None,
        "gpu_memory_bytes": gpu.memory_bytes if gpu else None,
        "driver": gpu.driver if gpu else None,
        "power_limit_w": gpu.power_limit_w if gpu else None,
        "power_limit_default_w": gpu.power_limit_default_w if gpu else None,
        "cpu": environment.cpu.model,
        "cores": environment.cpu.cores,
    }


def _typed_frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as a frame whose columns each have one type; a cell that a row lacks is NA."""
    return pd.DataFrame({name: _column([row.get(name) for row in rows]) for name in columns})


def _column(values: Sequence[Any]) -> "pd.Series[Any]":
    """A column of one type that Parquet can hold, with room for NA; mixed or nested values become JSON."""
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {bool}:
        return pd.Series(values, dtype="boolean")
    if kinds and kinds <= {int, float}:
        return pd.Series(values, dtype="float64" if float in kinds else "Int64")
    if not kinds <= {str}:
        values = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
    return pd.Series(values, dtype="str")
