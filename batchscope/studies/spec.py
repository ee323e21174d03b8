"""The one JSON value that holds all that decides what a run measures."""

import json
from collections.abc import Mapping
from typing import Any

from batchscope.config.configuration import Config
from batchscope.config.measure import Measure
from batchscope.config.workload import Workload
from batchscope.statistics.intervals import half_width_factors
from batchscope.studies.run import Run


def canonical_json(value: Any) -> str:
    """One text per value: sorted keys, so that the order in a file never makes a run stale."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def run_spec(run: Run, config: Config, versions: Mapping[str, str]) -> dict[str, Any]:
    """All that decides what a run measures, and nothing else; a change here makes the run stale.

    Engine arguments left at vLLM's default are absent, so that a new key of ours makes nothing stale.
    The time-out is absent too: it decides whether a run ends, not what it measures.
    """
    return {
        "workload": _workload_spec(run.workload),
        "engine": {
            "model": run.engine.model,
            "environment": run.engine.environment,
            "args": run.engine.args.as_vllm(),
            "variables": run.engine.variables,
        },
        "model": config.models[run.engine.model].model_dump(),
        "device": config.environments[run.engine.environment].device,
        **_protocol(run),
        "versions": dict(versions),
    }


def _protocol(run: Run) -> dict[str, Any]:
    """How the run is measured: offline by passes; on the server by a load, after the same warm-up."""
    if run.load is None:
        return {"measure": _measure_spec(run.measure)}
    load = run.load.model_dump(exclude={"timeout_s"})
    return {"load": load, "measure": {"warmup_tokens": run.measure.warmup_tokens}}


LATER = ("reuse", "instruction", "decoding")
"""Keys of `Workload` younger than the first measurements; a default of theirs is no part of what a run is."""


def _workload_spec(load: Workload) -> dict[str, Any]:
    usual = {key for key in LATER if getattr(load, key) == Workload.model_fields[key].default}
    return load.model_dump(exclude=usual)


RULE = ("engine_reuse", "telemetry")
"""Switches of `Measure` that are on as a rule; only the exception is part of what a run is."""


def _measure_spec(measure: Measure) -> dict[str, Any]:
    """Numbers alone, for an engine's environment has no statistics."""
    left_out = {"timeout_s", *(key for key in RULE if getattr(measure, key))}
    if not measure.stops_by_precision:
        return measure.model_dump(exclude=left_out | {"precision", "max_repeats", "repeat_budget_s"})
    factors = half_width_factors(measure.repeats, measure.max_repeats)
    return {**measure.model_dump(exclude=left_out), "half_width_factors": factors}
