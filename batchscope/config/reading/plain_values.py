"""Values that a configuration may hold: what JSON can say, in the size of something that a person wrote.

YAML can say more: dates, infinity, keys that are no text, aliases of aliases. All of it would be lost, or end
in a traceback, on the way through files and command lines.
"""

import datetime
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from batchscope.common.errors import UserError

MOST_VALUES = 100_000
MOST_CHARACTERS = 2_000_000
LONGEST_KEY = 300
DEEPEST = 40
LARGEST_NUMBER = 2**63 - 1
SHOWN = 10
"""So many problems are shown."""

NO_TEXT = re.compile(r"[\0\ud800-\udfff]")
"""What cannot be written into a file or stand on a command line."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Of no use in a name or a heading, and not allowed in a figure's file."""

Path = tuple[str, ...]


class _Value(NamedTuple):
    path: Path
    value: Any


def check_plain(values: Mapping[str, Any]) -> None:
    """Stop at what JSON cannot say, and at what nobody writes by hand.

    Raises:
        UserError: one line for each of the first problems, with its dotted path and what would be right.
    """
    lines: list[str] = []
    for path, problem in _problems(values):
        lines.append(f"  {_dotted(path)}: {problem}")
        if len(lines) == SHOWN:
            break
    if lines:
        raise UserError("\n".join(["the configuration is wrong:", *lines]))


def _problems(values: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """What is wrong, in the order of the file.

    A walk without recursion: what is nested too deeply is a problem and no crash.
    """
    waiting = [_Value((), values)]
    count = characters = 0
    while waiting:
        path, value = waiting.pop()
        count += 1
        characters += len(value) if isinstance(value, str) else 0
        if count > MOST_VALUES or characters > MOST_CHARACTERS:
            yield path[:2], _too_much(count)
            return
        if len(path) > DEEPEST:
            yield (
                path[:2],
                f"is more than {DEEPEST} levels deep, or an alias that stands for itself; flatten it",
            )
            return
        if problem := _problem_of(path, value):
            yield path, problem
        yield from ((path, problem) for problem in _problems_of_keys(value))
        waiting += reversed(list(_inside(path, value)))


def _inside(path: Path, value: Any) -> Iterator[_Value]:
    if isinstance(value, Mapping):
        yield from (_Value((*path, str(key)), item) for key, item in value.items() if isinstance(key, str))
    elif isinstance(value, list | tuple):
        yield from (_Value((*path, str(place)), item) for place, item in enumerate(value))


def _too_much(count: int) -> str:
    if count > MOST_VALUES:
        return (
            f"here the configuration has more than {MOST_VALUES:,} values; write fewer, or fewer YAML aliases"
        )
    return f"here the configuration has more than {MOST_CHARACTERS:,} characters; write less"


def _problems_of_keys(value: Any) -> Iterator[str]:
    for key in value if isinstance(value, Mapping) else ():
        if isinstance(key, bool):
            yield f"the key {str(key).lower()} is no text (YAML takes yes and on for it); put it into quotes"
        elif not isinstance(key, str):
            yield f"the key {_short(key)} is no text; put it into quotes"
        elif len(key) > LONGEST_KEY:
            yield f"the key {_short(key)} has {len(key):,} characters; no key is so long"
        elif CONTROL.search(key) or NO_TEXT.search(key):
            yield f"the key {_short(key)} holds a control character; take it out"


def _problem_of(path: Path, value: Any) -> str:
    if value is None or isinstance(value, bool | Mapping | list):
        return ""
    if isinstance(value, str):
        return _problem_of_text(path, value)
    if isinstance(value, int):
        return "" if abs(value) <= LARGEST_NUMBER else "is a number of more than 64 bits; write a smaller one"
    if isinstance(value, float):
        return (
            "" if math.isfinite(value) else f"{value} is no number here; write null for no limit, or a number"
        )
    if isinstance(value, datetime.date | datetime.time):
        return f"{value} is read as a date; put it into quotes"
    return (
        f"{_short(value)} is of a kind that JSON has not; write a text, a number, a list or keys with values"
    )


def _problem_of_text(path: Path, text: str) -> str:
    if found := NO_TEXT.search(text):
        return f"holds {found[0]!r}, which is no character of a text; take it out"
    # A wording may need any character that a model knows.
    if path[:1] != ("prompts",) and (found := CONTROL.search(text)):
        return f"holds the control character {found[0]!r}; take it out"
    return ""


def _dotted(path: Path) -> str:
    return ".".join(path) or "the configuration"


def _short(value: Any) -> str:
    # of a huge number the digits alone would take minutes, or are refused
    if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        return "with a number of more than 64 bits"
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
