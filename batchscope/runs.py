"""From studies to runs: the grid, the names, and the one JSON value that each job depends on."""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from random import Random
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from batchscope.config import Config, Engine, EngineArguments, Measure, Workload
from batchscope.errors import UserError
from batchscope.section import Scalar
from batchscope.serving.config import Load
from batchscope.stats import half_width_factors
from batchscope.studies import Grid

Point = dict[str, Scalar]
Axis = tuple[str, str]
Block = TypeVar("Block", bound=BaseModel)

AXES: dict[str, Axis] = {
    **{key: ("workload", key) for key in Workload.model_fields},
    **{f"engine.{key}": ("engine.args", key) for key in EngineArguments.model_fields if key != "extra"},
    **{f"engine.{key}": ("engine", key) for key in ("model", "environment")},
    **{f"measure.{key}": ("measure", key) for key in Measure.model_fields},
}
"""Keys that a study may set, and the block of the configuration in which each lives."""

SERVING_AXES: dict[str, Axis] = {
    **{key: place for key, place in AXES.items() if not key.startswith("measure.")},
    **{f"load.{key}": ("serving.load", key) for key in Load.model_fields},
}
"""The same for a study of the server."""

SHORT_LABELS = {
    "max_num_batched_tokens": "batched",
    "max_num_seqs": "seqs",
    "max_model_len": "context",
    "reviews": "r",
    "duplicates": "x",
    "tensor_parallel_size": "tp",
    "environment": "",
    "model": "",
    "quantization": "",
    "max_concurrency": "c",
    "request_rate": "rate",
    "requests": "req",
}
"""How run names shorten long axes; other axes appear as ``key-value``."""


@dataclass(frozen=True)
class PromptSet:
    """Prompts that any number of runs share: named by all that decides their content."""

    model: str
    layout: str
    n: int
    reviews: int
    duplicates: int
    instruction: str = "last"
    marked: bool = False
    """whether each duplicate's number stands before its instruction, so that copies share their text alone"""

    @property
    def id(self) -> str:
        """Folder name under ``results/prompts``, such as ``demo-packed-n40-r400``."""
        group = f"packed-n{self.n}" if self.layout == "packed" else "separate"
        copies = f"-x{self.duplicates}" if self.duplicates > 1 else ""
        order = "-first" if self.instruction == "first" else ""
        return f"{self.model}-{group}-r{self.reviews}{copies}{order}{'-marked' if self.marked else ''}"


@dataclass(frozen=True)
class Run:
    """One point of a study: an engine configuration and a workload."""

    study: str
    name: str
    workload: Workload
    engine: Engine
    measure: Measure
    load: Load | None = None
    """how the server gets its requests; None for the offline engine"""

    @property
    def id(self) -> str:
        """``study/run``, as in the run's folder."""
        return f"{self.study}/{self.name}"

    @property
    def prompts(self) -> PromptSet:
        """The prompts that this run submits."""
        load = self.workload
        return PromptSet(
            self.engine.model,
            load.layout,
            load.n if load.layout == "packed" else 1,
            load.total_reviews,
            load.duplicates,
            load.instruction,
            marked=load.reuse == "text",
        )

    @property
    def gpus(self) -> int:
        """GPUs that the engine spreads over, if its environment drives GPUs."""
        return self.engine.args.tensor_parallel_size or 1


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


def measuring_order(runs: Sequence[Run]) -> dict[str, int]:
    """Priority of each run by id, the highest first: engine by engine, so that each is started once.

    Inside an engine the order is random, from a fixed seed, so that drift of the machine does not line up
    with an axis of a study.
    """
    order: list[str] = []
    for ids in runs_by_engine(runs).values():
        order += Random(0).sample(sorted(ids), len(ids))  # noqa: S311, no secret
    return {run: len(order) - place for place, run in enumerate(order)}


def runs_by_engine(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Ids of the runs that each engine configuration has, by its name: model, environment, a short hash.

    A server's has ``server-`` before it, for an offline engine is never one.
    """
    engines: dict[str, list[str]] = {}
    for run in runs:
        text = canonical_json(run.engine.model_dump())
        name = f"{run.engine.model}-{run.engine.environment}-{sha256(text.encode()).hexdigest()[:6]}"
        name = name if run.load is None else f"server-{name}"
        engines.setdefault(name, []).append(run.id)
    return engines


def expand_studies(config: Config) -> list[Run]:
    """Every run of every study, in the order of the file.

    Raises:
        UserError: names the study and the key, and what would be right.
    """
    runs = [
        run
        for name, study in config.active_studies.items()
        for run in _expand(f"studies.{name}", study, AXES, config)
    ]
    if not runs:
        raise UserError("studies: there is nothing to run; give at least one study a grid")
    return runs


def expand_serving(config: Config) -> list[Run]:
    """Every run on the server, in the order of the file; there may be none.

    Raises:
        UserError: names the study and the key, and what would be right.
    """
    return [
        run
        for name, study in config.serving.active_studies.items()
        for run in _expand(f"serving.studies.{name}", study, SERVING_AXES, config)
    ]


def _expand(where: str, study: Grid, axes: Mapping[str, Axis], config: Config) -> Iterator[Run]:
    _check_keys(where, study, axes)
    points = _grid_points(where, study) + list(study.include)
    if not points:
        raise UserError(f"{where}: no runs; give it a grid (axis: list of values) or an include list")
    for override in study.overrides:
        if not any(_matches({**study.set, **point}, override.when) for point in points):
            raise UserError(
                f"{where}.overrides: no run has {_show(override.when)}; correct 'when' or drop it"
            )
    seen: dict[str, Point] = {}
    for point in points:
        values = {**study.set, **point}
        for override in study.overrides:
            if _matches({**study.set, **point}, override.when):
                values |= override.set
        run = _build(where, point, values, axes, config)
        if run.name in seen:
            raise UserError(f"{where}: {_show(point)} and {_show(seen[run.name])} are the same run; drop one")
        seen[run.name] = point
        yield run


def _grid_points(where: str, study: Grid) -> list[Point]:
    for axis, values in study.grid.items():
        if not values:
            raise UserError(
                f"{where}.grid.{axis}: the list is empty; give at least one value or drop the axis"
            )
    if not study.grid:
        return []
    return [
        dict(zip(study.grid, combination, strict=True))
        for combination in itertools.product(*study.grid.values())
    ]


def _check_keys(where: str, study: Grid, axes: Mapping[str, Axis]) -> None:
    blocks: list[tuple[str, Iterable[str]]] = [("set", study.set), ("grid", study.grid)]
    blocks += [("include", point) for point in study.include]
    blocks += [("overrides", {**override.when, **override.set}) for override in study.overrides]
    for block, keys in blocks:
        for key in keys:
            if key not in axes:
                close = get_close_matches(key, [*axes], n=1, cutoff=0.5)
                hint = f"did you mean '{close[0]}'?" if close else f"known keys: {', '.join(axes)}"
                raise UserError(f"{where}.{block}: unknown key '{key}'; {hint}")


def _build(where: str, point: Point, values: Point, axes: Mapping[str, Axis], config: Config) -> Run:
    sections: dict[str, dict[str, Any]] = {section: {} for section, _ in (AXES | SERVING_AXES).values()}
    for key, value in values.items():
        section, field = axes[key]
        sections[section][field] = value
    label = f"{where} ({_show(point)})"
    workload = _update(label, config.workload, sections["workload"])
    if (
        workload.reuse != "none"
        and sections["engine.args"].setdefault("enable_prefix_caching", True) is not True
    ):
        raise UserError(
            f"{label}: reuse: {workload.reuse} needs engine.enable_prefix_caching: true; drop that key"
        )
    arguments = _update(label, config.engine.args, sections["engine.args"])
    run = Run(
        study=where.rpartition(".")[2],
        name=run_name(values, point, config.workload),
        workload=workload,
        engine=_update(label, config.engine, {**sections["engine"], "args": arguments.model_dump()}),
        measure=_update(label, config.measure, sections["measure"]),
        load=_update(label, config.serving.load, sections["serving.load"]) if axes is SERVING_AXES else None,
    )
    _check_references(label, run, config)
    return run


def run_name(values: Point, point: Point, default: Workload) -> str:
    """Layout and n, then every other axis of the point: ``packed-n4-batched80000``."""
    layout, n = values.get("layout", default.layout), values.get("n", default.n)
    parts = [f"{layout}-n{n}"]
    for key, value in point.items():
        if key not in ("layout", "n"):
            label = key.rpartition(".")[2]
            parts.append(f"{SHORT_LABELS.get(label, label + '-')}{'default' if value is None else value}")
    return re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join(parts))


def _update(label: str, section: Block, values: Mapping[str, Any]) -> Block:
    try:
        return type(section).model_validate({**section.model_dump(), **values})
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        message = problem["msg"].removeprefix("Value error, ")
        got = "" if problem["type"] == "value_error" else f", got {problem['input']!r}"
        raise UserError(f"{label}: {key + ': ' if key else ''}{message}{got}") from None


def _check_references(label: str, run: Run, config: Config) -> None:
    for key, name, known in (
        ("engine.model", run.engine.model, config.models),
        ("engine.environment", run.engine.environment, config.environments),
    ):
        if name not in known:
            raise UserError(f"{label}: {key}: no '{name}'; there are {', '.join(known)}")
    if config.environments[run.engine.environment].device == "cuda" and run.gpus > config.gpus:
        raise UserError(
            f"{label}: the run needs {run.gpus} GPU(s) and 'gpus' allows {config.gpus}; "
            "raise 'gpus' or lower engine.args.tensor_parallel_size"
        )
    made = config.dataset.generated.reviews
    if config.dataset.source == "generated" and run.workload.total_reviews > made:
        raise UserError(
            f"{label}: reviews: {run.workload.total_reviews} asked, dataset.generated.reviews makes {made}; "
            "raise the one or lower the other"
        )


def _matches(point: Point, when: Mapping[str, Scalar]) -> bool:
    return all(key in point and point[key] == value for key, value in when.items())


def _show(point: Mapping[str, Scalar]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in point.items())
