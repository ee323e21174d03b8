"""A run's specification: one JSON value that holds all that decides what the run measures.

It is a parameter of the run's job, so that a run is measured again when its specification changes, and it
stands in the run's measurement.json.
"""

from collections.abc import Mapping
from typing import Any

from batchscope.config.configuration import Config
from batchscope.config.measure import Measure
from batchscope.config.task import Task
from batchscope.config.workload import Workload
from batchscope.statistics.intervals import half_width_factors
from batchscope.studies.run import Run


def run_spec(run: Run, config: Config, versions: Mapping[str, str]) -> dict[str, Any]:
    """All that decides what a run measures, and nothing else; a change here makes the run stale.

    Engine arguments left at vLLM's default are absent, so that a new key of ours makes nothing stale.
    The time-out is absent too: it decides whether a run ends, not what it measures. So is the number of
    engine starts: a further one makes none of the others stale. Those after the first have their own number.

    Args:
        run: the run.
        config: the configuration, for the model and the environment that the run names.
        versions: of the packages in that environment, by name.
    """
    return {
        "workload": _workload_spec(run),
        **_task_spec(run.workload, config.task),
        "engine": {
            "model": run.engine.model,
            "environment": run.engine.environment,
            "args": run.engine.args.as_vllm(),
            "variables": run.engine.variables,
        },
        "model": config.models[run.engine.model].model_dump(),
        "device": config.environments[run.engine.environment].device,
        **_protocol(run),
        **({"start": run.start} if run.start > 1 else {}),
        "versions": dict(versions),
    }


def _protocol(run: Run) -> dict[str, Any]:
    """How the run is measured: an engine by passes, a server by a load, both after the same warm-up."""
    if run.load is None:
        return {"measure": _measure_spec(run.measure)}
    load = run.load.model_dump(exclude={"timeout_s"})
    return {"load": load, "measure": {"warmup_tokens": run.measure.warmup_tokens}}


ADDED_LATER = (
    "reuse", "instruction", "answer", "numbered", "confidence", "text_tokens", "cut", "permuted", "fit",
)  # fmt: skip
"""Keys of `Workload` that the first measurements did not have; at their default they are left out."""

FIRST_LABELS = ("positive", "negative")
"""The labels of all measurements whose specification names none."""


def _workload_spec(run: Run) -> dict[str, Any]:
    """The workload. A server tells no probabilities of labels: asking for them changes nothing there."""
    workload = run.workload
    left_out = {key for key in ADDED_LATER if getattr(workload, key) == Workload.model_fields[key].default}
    spec = workload.model_dump(exclude=left_out | ({"confidence"} if run.load else set()))
    if spec.get("answer") == "labels":
        # Its first name, so that measurements from before there were other forms stay valid.
        spec["decoding"] = spec.pop("answer")
    return spec


def _task_spec(workload: Workload, task: Task) -> dict[str, Any]:
    """The labels' names, where they decide what the engine is asked for beside its prompts."""
    if not workload.needs_labels or task.names == FIRST_LABELS:
        return {}
    return {"task": {"labels": list(task.names)}}


def task_of(spec: Mapping[str, Any]) -> Task:
    """The labels that a specification is about; no spellings, which change nothing that is measured."""
    return Task.model_validate(spec.get("task", {"labels": FIRST_LABELS}))


USUALLY_ON = ("engine_reuse", "telemetry")
"""Switches of `Measure` that are left out while they are on."""


def _measure_spec(measure: Measure) -> dict[str, Any]:
    """The rule by which passes end, its factors as numbers: an engine's environment has no statistics."""
    left_out = {"timeout_s", "starts", *(key for key in USUALLY_ON if getattr(measure, key))}
    if not measure.stops_by_precision:
        return measure.model_dump(exclude=left_out | {"precision", "max_repeats", "repeat_budget_s"})
    factors = half_width_factors(measure.repeats, measure.max_repeats)
    return {**measure.model_dump(exclude=left_out), "half_width_factors": factors}
