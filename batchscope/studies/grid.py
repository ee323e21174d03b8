"""From studies to runs: the grid, the names, and the one JSON value that each job depends on."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from batchscope.common.errors import UserError
from batchscope.config.block import Scalar
from batchscope.config.configuration import Config
from batchscope.config.studies import Grid
from batchscope.studies.axes import AXES, SERVING_AXES, Axis, Point
from batchscope.studies.names import run_name
from batchscope.studies.run import Run

Block = TypeVar("Block", bound=BaseModel)


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
