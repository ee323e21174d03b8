"""What is wrong with a configuration, in words: the dotted path of each key, and what would be right."""

from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

Schema = dict[str, Any]
"""The configuration's JSON schema."""


def explain(error: ValidationError, schema: Schema) -> str:
    """One line for each wrong key; unknown ones with the known key that is most like them."""
    lines = [_explain(problem, schema) for problem in error.errors()]
    return "\n".join(["the configuration is wrong:", *lines])


def _explain(problem: Any, schema: Schema) -> str:
    path = ".".join(str(part) for part in problem["loc"]) or "the file"
    if problem["type"] == "extra_forbidden":
        return f"  {path}: unknown key; {_nearest(problem['loc'], schema)}"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return f"  {path}: {message}"
    return f"  {path}: {message}, got {problem['input']!r}"


def _nearest(location: tuple[str | int, ...], schema: Schema) -> str:
    """The known keys beside an unknown one, the most alike first."""
    known = _keys_at(location[:-1], schema)
    close = get_close_matches(str(location[-1]), known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known keys: {', '.join(known)}"


def _below(node: Any, part: str | int) -> Any:
    """The schema of an entry; mappings whose names follow a pattern keep theirs under that pattern."""
    entries = [
        *node.get("patternProperties", {}).values(),
        node.get("additionalProperties"),
        node.get("items"),
    ]
    return node.get("properties", {}).get(part) or next(filter(None, entries), {})


def _keys_at(location: tuple[str | int, ...], schema: Schema) -> list[str]:
    """Keys that the configuration has at a place."""
    node: Any = schema
    for part in location:
        node = _below(node, part)
        for option in node.get("anyOf", []):
            node = option if "$ref" in option else node
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return list(node.get("properties", {}))
