"""Values of a result file, which anybody may have written.

They are asked for one by one, and taken only where they can be true.
"""

from collections.abc import Mapping
from typing import Any

LONGEST_TEXT = 100
"""Most characters that are taken of a name."""

SMALLEST, LARGEST = 1e-9, 1e15
"""Of what is counted or timed: beyond, a figure is none, and what is computed of it may be infinite."""


def at(values: Any, *path: str) -> Any:
    """What stands at a path of keys; None where there is no such key."""
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def number(values: Any, *path: str) -> float | None:
    """A number that can be a count, a rate or a time, 0 too; None where there is none."""
    found = at(values, *path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        value = float(found)
    except OverflowError:
        return None
    return value if value == 0 or SMALLEST <= value <= LARGEST else None


def positive(values: Any, *path: str) -> float | None:
    """A `number` above 0: a latency or a rate of 0 says that there was nothing to measure."""
    return number(values, *path) or None


def text(values: Any, *path: str) -> str | None:
    """A name on one line, of a long one the beginning; None where there is none."""
    found = at(values, *path)
    if not isinstance(found, str):
        return None
    shown = "".join(character if character.isprintable() else " " for character in found)
    return shown.strip()[:LONGEST_TEXT] or None


def last_part(name: str | None) -> str | None:
    """A model's name without owner or folder: a path of somebody's machine is nobody's business."""
    parts = [part for part in (name or "").replace("\\", "/").split("/") if part]
    return parts[-1] if parts else None


def per_second(count: float | None, seconds: float | None) -> float | None:
    """A rate; None where one of both is not known."""
    return count / seconds if count is not None and seconds else None


def times(value: float | None, factor: float | None) -> float | None:
    """A product; None where one of both is not known."""
    return None if value is None or factor is None else value * factor


def total(*values: float | None) -> float | None:
    """A sum; None where a part is not known."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
