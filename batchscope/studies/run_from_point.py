"""One run made of one point of a study: the configuration's blocks with the point's values laid over them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from batchscope.common.errors import UserError
from batchscope.config.base_block import Scalar
from batchscope.config.configuration import Config
from batchscope.config.engine import Engine
from batchscope.config.reading.command_lines import LONGEST, length_of
from batchscope.config.reading.messages import describe, list_names, shortened
from batchscope.studies.axes import SERVING_AXES, Axes, Point, place_of
from batchscope.studies.names import run_name
from batchscope.studies.run import Run

AnyBlock = TypeVar("AnyBlock", bound=BaseModel)

Asked = Mapping[str, Mapping[str, Scalar]]
"""What a study says of a run, by block of the configuration and key in it."""


def run_from_point(where: str, study: str, point: Point, values: Point, axes: Axes, config: Config) -> Run:
    """The run of a study's point.

    Args:
        where: the study's place in the configuration, such as ``studies.packing``; names may hold dots.
        study: its name.
        point: what the grid or ``include`` says of it; the run's name is made of this.
        values: all that the study sets for it.
        axes: the keys that the study may set; all of ``values`` are such.
        config: the configuration that holds for everything else.

    Raises:
        UserError: a value is wrong, or values do not go together; names the study, the point and the key.
    """
    label = f"{where} ({show(point)})"
    asked = _by_block(values, axes)
    workload = _overlaid(label, config.workload, asked["workload"])
    served = axes is SERVING_AXES
    run = Run(
        study=study,
        name=run_name(values, point, config.workload),
        workload=workload,
        engine=_engine(label, config.engine, asked, workload.reuse),
        measure=_overlaid(label, config.measure, asked["measure"]),
        load=_overlaid(label, config.serving.load, asked["serving.load"]) if served else None,
    )
    _check_references(label, run, config)
    return run


def show(point: Mapping[str, Scalar]) -> str:
    """A point in words: ``n: 4, layout: packed``."""
    return ", ".join(f"{key}: {shortened(str(value))}" for key, value in point.items())


def _by_block(values: Point, axes: Axes) -> dict[str, dict[str, Scalar]]:
    blocks = ("workload", "engine", "engine.args", "engine.args.extra", "engine.variables", "measure")
    asked: dict[str, dict[str, Scalar]] = {block: {} for block in (*blocks, "serving.load")}
    for key, value in values.items():
        block, name = place_of(key, axes)
        asked[block][name] = value
    return asked


def _engine(label: str, engine: Engine, asked: Asked, reuse: str) -> Engine:
    """The engine configuration; ``reuse``: the workload's, which may need the prefix cache."""
    args = dict(asked["engine.args"])
    if reuse != "none" and args.setdefault("enable_prefix_caching", True) is not True:
        raise UserError(f"{label}: reuse: {reuse} needs engine.enable_prefix_caching: true; drop that key")
    extra = engine.args.extra
    for name, value in asked["engine.args.extra"].items():
        extra = _with_argument(label, extra, name.split("."), value)
    variables = {**engine.variables, **asked["engine.variables"]}
    arguments = _overlaid(label, engine.args, {**args, "extra": extra})
    return _overlaid(
        label, engine, {**asked["engine"], "args": arguments.model_dump(), "variables": variables}
    )


def _with_argument(
    label: str, extra: Mapping[str, Any], path: Sequence[str], value: Scalar
) -> dict[str, Any]:
    """Engine arguments with one set; None, or a mapping that has lost its last key, leaves it out."""
    name, *inside = path
    new: Any = value
    if inside:
        old = extra.get(name)
        if not isinstance(old, Mapping | None):
            raise UserError(
                f"{label}: engine.extra: '{name}' is {old!r}, which holds no '{inside[0]}'; "
                "write it as a mapping or drop one of the two"
            )
        new = _with_argument(label, old or {}, inside, value)
    others = {key: each for key, each in extra.items() if key != name}
    return others if new is None or new == {} else {**others, name: new}


def _overlaid(label: str, block: AnyBlock, values: Mapping[str, Any]) -> AnyBlock:
    """A block with other values for some of its keys, checked."""
    try:
        return type(block).model_validate({**block.model_dump(), **values})
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        raise UserError(f"{label}: {key + ': ' if key else ''}{describe(problem)}") from None


def _check_references(label: str, run: Run, config: Config) -> None:
    """What a run names must be there, and there must be enough of it."""
    for key, name, known in (
        ("engine.model", run.engine.model, config.models),
        ("engine.environment", run.engine.environment, config.environments),
    ):
        if name not in known:
            raise UserError(f"{label}: {key}: no '{name}'; {list_names(name, known)}")
    if (length := length_of(run.engine.model_dump(mode="json"))) > LONGEST:
        raise UserError(
            f"{label}: its engine configuration takes {length:,} bytes on a command line, and "
            f"{LONGEST:,} are the most; "
            "shorten what it sets under engine.extra and engine.variables"
        )
    if config.environments[run.engine.environment].device == "cuda" and run.gpus > config.gpus:
        fewer = "lower engine.args.tensor_parallel_size" if config.gpus else "set engine.environment: cpu"
        raise UserError(
            f"{label}: the run needs {run.gpus} GPU(s) and 'gpus' allows {config.gpus}; "
            f"raise 'gpus', or {fewer}"
        )
    made = config.dataset.generated.texts
    needed = 0 if run.workload.fit else run.workload.total_texts
    if config.dataset.source == "generated" and needed > made:
        raise UserError(
            f"{label}: texts: {needed} asked, dataset.generated.texts makes {made}; "
            "raise the one or lower the other"
        )
