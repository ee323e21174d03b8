"""Keys that a study may set, and where in the configuration each of them lives."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from batchscope.config.base_block import Scalar
from batchscope.config.engine import EngineArguments, refuse_own_keys, variable_text
from batchscope.config.measure import Measure
from batchscope.config.reading.messages import suggest
from batchscope.config.reading.older_names import WORKLOAD, refusal
from batchscope.config.serving import Load
from batchscope.config.workload import Workload

Point = dict[str, Scalar]
"""What a study says of one run: a value for each of its keys."""

Place = tuple[str, str]
"""A block of the configuration, by its dotted path, and a key in it."""

Axes = Mapping[str, Place]
"""The keys with a name of their own that a kind of study may set, and where each lives."""

EXTRA, VARIABLES = "engine.extra.", "engine.variables."
"""How keys start whose rest is a name of vLLM's: an argument of its engine, a variable of its process."""

AXES: Axes = {
    **{key: ("workload", key) for key in Workload.model_fields},
    **{f"engine.{key}": ("engine.args", key) for key in EngineArguments.model_fields if key != "extra"},
    **{f"engine.{key}": ("engine", key) for key in ("model", "environment")},
    **{f"measure.{key}": ("measure", key) for key in Measure.model_fields},
}
"""For a study of the offline engine."""

SERVING_AXES: Axes = {
    **{key: place for key, place in AXES.items() if not key.startswith("measure.")},
    **{f"load.{key}": ("serving.load", key) for key in Load.model_fields},
}
"""For a study of the server."""


RENAMED = {"decoding": "answer"}
"""Keys under their first names, as studies from before have them."""


def place_of(key: str, axes: Axes) -> Place:
    """Where a study's key lives.

    Raises:
        ValueError: there is no such key, or not any more, or an argument under ``extra`` has a key of its
            own; the message says what would be right.
    """
    key = RENAMED.get(key, key)
    if key in axes:
        return axes[key]
    if key in WORKLOAD:
        raise ValueError(refusal(key, WORKLOAD[key]))
    if name := _rest(key, EXTRA):
        argument = name.partition(".")[0]
        if not argument.isidentifier():
            raise ValueError(f"{key}: '{argument}' is no engine argument; write it as in Python, with _")
        refuse_own_keys([argument])
        return "engine.args.extra", name
    if name := _rest(key, VARIABLES):
        return "engine.variables", name
    raise ValueError(f"unknown key '{key}'; {suggest(key, [*axes, *_like(key)], cutoff=0.5)}")


def with_text(point: Mapping[str, Scalar]) -> Point:
    """A point whose variables are text, as the engine gets them: true, 1 and "1" are one value."""
    return {key: variable_text(value) if key.startswith(VARIABLES) else value for key, value in point.items()}


def _rest(key: str, start: str) -> str:
    """What follows the start of a key; empty where it starts otherwise, or a part of that name is empty."""
    rest = key.removeprefix(start) if key.startswith(start) else ""
    return rest if all(rest.split(".")) else ""


def _like(key: str) -> Iterator[str]:
    """What an unknown key may stand for among vLLM's own names, where it begins like one of the engine's.

    Variables have their names in capitals, arguments do not.
    """
    first, _, rest = key.partition(".")
    name = rest.rpartition(".")[2]
    if not name or not get_close_matches(first, ["engine"]):
        yield from (f"{EXTRA}<argument>", f"{VARIABLES}<NAME>")
    elif f"engine.{name}" not in AXES:
        yield f"{VARIABLES if name.isupper() else EXTRA}{name}"
