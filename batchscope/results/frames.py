"""Tidy frames: one row a run, one row a repeat. Tables, findings and plots are made from these alone.

Columns of the runs frame, in this order (a missing value is NA):

- ``study, run, status, valid, invalid, reason``: ``invalid`` holds the reason codes of `gates.validity_of`,
  ``reason`` the sentences; ``log_tail``: of a failed run, its log's last lines as a JSON list.
- ``model, model_source, load_format, layout, n, texts, duplicates, output_tokens_per_text``, and ``reuse,
  instruction, answer, numbered, confidence``: for a run from before there was a choice, as it then was.
- ``text_tokens, cut, permuted, fit``: each only where a run sets it; NA in ``text_tokens`` are whole texts.
- ``engine.environment, engine.<argument>`` (of a key inside one ``engine.<argument>.<key>``) and
  ``engine.variables.<NAME>``: as asked for; NA is vLLM's default. ``measure.<key>``.
- ``reference``: study and run of its reference run (`reference_run`), as ``study/run``.
- ``requests, prompt_tokens, output_tokens, cached_tokens, expected_cached_tokens`` (what the cache must
  serve, in theory): of one repeat. ``longest_prompt_tokens``.
- ``repeats, stopped, ending, half_width``: how many, and why no more (`records.Stopped`, `stats.Ending`);
  ``noise``: standard deviation of ln(seconds); ``trend``: whether seconds rise or fall (`stats.trends`);
  ``unsteady``: whether they stand in two states (`steadiness.two_states`).
- ``<metric>, <metric>_low, <metric>_high`` for each of `metrics.registry.METRICS`: geometric mean and 95 %
  interval: repeatability on one engine start.
- ``published.<metric>, published.texts, published.model, same_prompts, same_model, same_hardware``.
- ``reproduced.<metric>``: ours / published, of valid runs, where `Metric.reproduced` says so.
- ``timed_s``: seconds of all repeats; ``job_s``: of the run's whole job.
- ``at_power_limit, at_fixed_clocks``: share of the GPU's samples; ``utilization``: their mean.
- ``engine_start_s, engine_reused, resolved.<argument>``: the engine as it ran.
- ``device, gpu, gpu_ids, gpu_memory_bytes, driver, power_limit_w, power_limit_default_w, cpu, cores``,
  ``versions.<package>``.
- ``measured_at, git_commit, fingerprint``.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from statistics import stdev
from typing import Any

import numpy as np
import pandas as pd

from batchscope.common.errors import UserError
from batchscope.config.workload import Workload
from batchscope.results.clock_events import APPLICATIONS_CLOCKS, POWER_CAP, share_of_samples
from batchscope.results.gates import Validity, validity_of
from batchscope.results.metrics.metric import summarise
from batchscope.results.metrics.registry import METRICS
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
from batchscope.statistics.steadiness import two_states
from batchscope.studies.axes import RENAMED

Row = dict[str, Any]

SELDOM_SET = ("text_tokens", "cut", "permuted", "fit")
"""Keys of a workload that are columns only where a run sets them."""

LOG_LINES = 20
"""Of a failed run's log: enough to see what happened."""


def runs_frame(records: Sequence[RunRecord], published: Sequence[PublishedRun]) -> pd.DataFrame:
    """One row a run, in the order of ``records``; columns as the module says."""
    shown = [key for key in SELDOM_SET if any(_sets(record, key) for record in records)]
    rows = [_parts_of_row(record, _published_row(record, published), shown) for record in records]
    # Part by part: an argument that only some runs set stays among its like.
    columns: list[str] = []
    for parts in zip(*rows, strict=True):
        names = list(dict.fromkeys(name for part in parts for name in part))
        columns += names if all(set(part) == set(names) for part in parts) else sorted(names)
    cells = [{key: value for part in row for key, value in part.items()} for row in rows]
    return _typed_frame(cells, columns)


def repeats_frame(records: Sequence[RunRecord]) -> pd.DataFrame:
    """One row a repeat: study, run, valid, repeat (from 1), what was counted, and each metric."""
    rows = [
        {
            "study": record.measurement.study,
            "run": record.measurement.run,
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
    return _typed_frame(rows, ["study", "run", "valid", "repeat", *names])


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


def _parts_of_row(record: RunRecord, row: PublishedRun | None, shown: Sequence[str]) -> tuple[Row, ...]:
    """A run's cells, in groups that keep together where runs have different columns."""
    run, environment = record.measurement, record.environment
    validity, metrics = validity_of(record), _metrics(record)
    return (
        _identity(run, validity),
        {key: getattr(run.spec.workload, key) for key in shown},
        {"engine.environment": run.spec.engine.environment},
        {
            **_flat("engine", run.spec.engine.args),
            **_flat("engine.variables", run.spec.engine.variables),
        },
        {f"measure.{key}": value for key, value in run.spec.measure.items() if key != "half_width_factors"},
        {"reference": record.reference.measurement.id if record.reference else None},
        _totals(run),
        metrics,
        _published(record, row, metrics, validity.valid),
        _job(record),
        {"engine_start_s": run.engine.start_s, "engine_reused": run.engine.reused},
        {f"resolved.{key}": value for key, value in run.engine.resolved.items()},
        _hardware(environment),
        {f"versions.{name}": version for name, version in environment.versions.items()},
        {
            "measured_at": environment.measured_at.isoformat(),
            "git_commit": environment.git_commit,
            "fingerprint": environment.fingerprint,
        },
    )


def _flat(start: str, values: Mapping[str, Any]) -> Row:
    """Columns of settings; keys inside of one have a column each."""
    row = Row()
    for key, value in values.items():
        nested = isinstance(value, Mapping) and value
        row |= _flat(f"{start}.{key}", value) if nested else {f"{start}.{key}": value}
    return row


def _identity(run: Measurement, validity: Validity) -> Row:
    load, model = run.spec.workload, run.spec.model
    details = [f"{item.code}: {item.detail}" if item.detail else item.code for item in validity.invalid]
    return {
        "study": run.study,
        "run": run.run,
        "status": run.status,
        "valid": validity.valid,
        "invalid": ", ".join(dict.fromkeys(item.code for item in validity.invalid)) or None,
        "reason": "; ".join([run.message, *details] if run.message else details) or None,
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


def _totals(run: Measurement) -> Row:
    """Of one repeat; of the prompt file where there was none (no request ran, so nothing was cached)."""
    first = run.repeats[0] if run.repeats else None
    seconds = [repeat.seconds for repeat in run.repeats]
    asked = run.prompts.labels * run.spec.workload.planned_tokens_per_text
    half_width = run.stopped.half_width if run.stopped else None
    return {
        "requests": first.requests if first else run.prompts.prompts,
        "prompt_tokens": first.prompt_tokens if first else run.prompts.prompt_tokens,
        "output_tokens": first.output_tokens if first else asked,
        "cached_tokens": first.cached_tokens if first else None,
        "expected_cached_tokens": run.expected_cached_tokens if first else None,
        "longest_prompt_tokens": run.prompts.longest_prompt.tokens,
        "repeats": len(run.repeats),
        "stopped": run.stopped.reason if run.stopped else None,
        "ending": run.ending,
        # a number in any case: a study without a single repeat is asked for its precision too
        "half_width": math.nan if half_width is None else half_width,
        "noise": stdev(map(math.log, seconds)) if len(seconds) > 1 else math.nan,
        "trend": trends(seconds),
        "unsteady": two_states(seconds),
    }


def _metrics(record: RunRecord) -> Row:
    run, row = record.measurement, Row()
    for name, metric in METRICS.items():
        found = summarise([metric.of(record, repeat) for repeat in run.repeats], run.ending)
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


def _job(record: RunRecord) -> Row:
    """What the whole job took, and the GPU's state while the clock ran."""
    run = record.measurement
    return {
        "timed_s": sum(repeat.seconds for repeat in run.repeats),
        "job_s": run.sweep.seconds if run.sweep else math.nan,
        "at_power_limit": share_of_samples(record.hardware, POWER_CAP),
        "at_fixed_clocks": share_of_samples(record.hardware, APPLICATIONS_CLOCKS),
        "utilization": float(record.hardware["utilization"].astype(float).mean()),
    }


def _hardware(environment: Environment) -> Row:
    gpu = environment.gpu
    return {
        "device": environment.device,
        "gpu": gpu.name if gpu else None,
        "gpu_ids": " ".join(gpu.ids) or None if gpu else None,
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
    if kinds and kinds <= {int}:
        return pd.Series(values, dtype="Int64")
    if kinds and kinds <= {int, float}:
        return pd.Series(values, dtype="float64")
    if not kinds <= {str}:
        values = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
    return pd.Series(values, dtype="str")
