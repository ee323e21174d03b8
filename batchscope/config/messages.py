"""What is wrong with a configuration, in words: the dotted path of each key, and what would be right."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from batchscope.config.older_names import KEYS, refusal

Schema = Mapping[str, Any]
"""The configuration's JSON schema."""


def explain(error: ValidationError, schema: Schema) -> str:
    """One line for each wrong key, unknown ones with the known key that is spelt most like them."""
    lines = [f"  {_explain(problem, schema)}" for problem in error.errors()]
    return "\n".join(["the configuration is wrong:", *lines])


def describe(problem: Mapping[str, Any]) -> str:
    """One of pydantic's errors without its place: what it says, and the value where that helps."""
    message = str(problem["msg"]).removeprefix("Value error, ")
    # An error of ours names what it does not accept.
    return message if problem["type"] == "value_error" else f"{message}, got {problem['input']!r}"


def suggest(key: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Of the known keys the one that is spelt most like an unknown one; all of them where none is.

    ``cutoff``: how alike they must be, from 0 to 1, as `difflib.get_close_matches` has it.
    """
    keys = list(known)
    close = get_close_matches(key, keys, n=1, cutoff=cutoff)
    return f"did you mean '{close[0]}'?" if close else f"known keys: {', '.join(keys)}"


def _explain(problem: Mapping[str, Any], schema: Schema) -> str:
    location = problem["loc"]
    path = ".".join(str(part) for part in location) or "the file"
    if problem["type"] == "extra_forbidden" and path in KEYS:
        return refusal(path, KEYS[path])
    if problem["type"] == "extra_forbidden":
        return f"{path}: unknown key; {suggest(str(location[-1]), _keys_at(location[:-1], schema))}"
    return f"{path}: {describe(problem)}"


def _keys_at(location: tuple[str | int, ...], schema: Schema) -> list[str]:
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
