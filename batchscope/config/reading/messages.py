"""What is wrong with a configuration, in words: the dotted path of each key, and what would be right."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from batchscope.config.reading.older_names import KEYS, refusal

Schema = Mapping[str, Any]
"""The configuration's JSON schema."""


Path = tuple[str | int, ...]

SCALARS = ("bool", "int", "float", "str")
"""How pydantic calls the types of a value that a study may set."""

IN_WORDS = {
    "scalar": "must be one value: a number, a word, true, false or null",
    "dict_type": "must be keys with values, such as {key: value}",
    "model_type": "must be keys with values, such as {key: value}",
    "list_type": "must be a list, such as [1, 2]",
}
"""Where pydantic's words are Python's."""

LONGEST_SHOWN = 80
"""Most characters of a key or value in a message."""

MOST_LINES = 20
MOST_SUGGESTED = 100
MOST_BESIDE_NEAREST = 10


def explain(error: ValidationError, schema: Schema) -> str:
    """One line for each wrong key, unknown ones with the known key that is spelt most like them."""
    problems = _one_each(error.errors())
    lines = [f"  {_explain(problem, schema)}" for problem in problems[:MOST_LINES]]
    more = len(problems) - len(lines)
    return "\n".join(["the configuration is wrong:", *lines, *([f"  and {more:,} more"] if more else [])])


def describe(problem: Mapping[str, Any]) -> str:
    """One of pydantic's errors without its place: what it says, and the value where that helps."""
    message = IN_WORDS.get(problem["type"], str(problem["msg"]).removeprefix("Value error, "))
    # An error of ours names what it does not accept.
    return (
        message if problem["type"] == "value_error" else f"{message}, got {shortened(repr(problem['input']))}"
    )


def shortened(text: str) -> str:
    """A text for a message: of a long one the beginning."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def suggest(key: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Of the known keys the one that is spelt most like an unknown one; all of them where none is.

    ``cutoff``: how alike they must be, from 0 to 1, as `difflib.get_close_matches` has it.
    """
    keys = list(known)
    return _nearest(key, keys, cutoff) or f"known keys: {_listed(keys)}"


def list_names(name: str, known: Iterable[str]) -> str:
    """The names that there are, for one that is not, and the one that is spelt most like it.

    Of many names the latter alone.
    """
    names = list(known)
    nearest = _nearest(name, names, 0.6)
    if nearest and len(names) > MOST_BESIDE_NEAREST:
        return nearest
    return f"there are {_listed(names)}{'; ' if nearest else ''}{nearest}"


def _nearest(key: str, known: Sequence[str], cutoff: float) -> str:
    # looking for what is alike takes time in the square of a key's length
    close = get_close_matches(key[:LONGEST_SHOWN], known, n=1, cutoff=cutoff)
    return f"did you mean '{close[0]}'?" if close else ""


def _listed(keys: Sequence[str]) -> str:
    more = f", ... ({len(keys):,} in all)" if len(keys) > MOST_SUGGESTED else ""
    return f"{', '.join(keys[:MOST_SUGGESTED])}{more}"


def _one_each(problems: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What is none of several types is one problem, not one for each of them."""
    found: dict[Path, Mapping[str, Any]] = {}
    for problem in problems:
        *place, last = problem["loc"] or ("",)
        if last in SCALARS and len(place) > 1:
            found.setdefault(tuple(place), {**problem, "loc": tuple(place), "type": "scalar"})
        else:
            found[(*problem["loc"], len(found))] = problem
    return list(found.values())


def _explain(problem: Mapping[str, Any], schema: Schema) -> str:
    location = problem["loc"]
    # pydantic marks what is wrong with a key itself by [key]
    path = ".".join(shortened(str(part)) for part in location if part != "[key]") or "the configuration"
    if problem["type"] == "extra_forbidden" and path in KEYS:
        return refusal(path, KEYS[path])
    if problem["type"] == "extra_forbidden":
        return f"{path}: unknown key; {suggest(str(location[-1]), _keys_at(location[:-1], schema))}"
    return f"{path}: {describe(problem)}"


def _keys_at(location: Path, schema: Schema) -> list[str]:
    """Keys that the configuration has in the block at a place."""
    node: Any = schema
    for part in location:
        node = _below(node, part)
        for option in node.get("anyOf", []):
            node = option if "$ref" in option else node
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return list(node.get("properties", {}))


def _below(node: Any, part: str | int) -> Any:
    """The schema of one key; mappings whose names follow a pattern keep that of their entries under it."""
    entries = [
        *node.get("patternProperties", {}).values(),
        node.get("additionalProperties"),
        node.get("items"),
    ]
    return node.get("properties", {}).get(part) or next(filter(None, entries), {})
