"""Cuts an answer into its numbered parts; pure functions on text."""

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

_AT_LINE_START = re.compile(r"^[^\w\r\n]*(\d{1,6})(?:[^\S\r\n]*[.):\]-]|[^\S\r\n]|$)", re.MULTILINE)
_INSIDE_LINE = re.compile(r"(?<!\S)(\d{1,6})[.):](?=\s)")
_JSON_PAIR = re.compile(r'"([^"\\]*)"\s*:\s*"((?:[^"\\]|\\.)*)("?)')


class Part(NamedTuple):
    """What an answer says under one number, and where that begins; number None: before the first one."""

    number: int | None
    text: str
    start: int


class Pair(NamedTuple):
    """A key of a JSON object and its text, which stands between ``start`` and ``end``, as it is written."""

    key: str
    text: str
    start: int
    end: int


class Mark(NamedTuple):
    """A number that begins a part: where it stands, with its point, and what it is."""

    start: int
    end: int
    number: int


def numbered_parts(text: str, one_line: bool) -> list[Part]:
    """The parts of an answer, each from its number to the next one; what stands before the first, first.

    A number counts at the start of a line, before a point, bracket, colon or blank, and also inside of one,
    if it follows the number before it: some models write all lines in one.

    Args:
        text: the answer.
        one_line: whether numbers inside a line count; not where labels hold numbers themselves.
    """
    marks = _marks(_AT_LINE_START, text)
    if one_line and marks:
        marks = _with_marks_inside(text, marks)
    starts = [mark.start for mark in marks] + [len(text)]
    parts = [
        Part(mark.number, text[mark.end : to], mark.end) for mark, to in zip(marks, starts[1:], strict=True)
    ]
    return [Part(None, text[: starts[0]], 0), *parts]


def _with_marks_inside(text: str, marks: Sequence[Mark]) -> list[Mark]:
    """The marks at line starts, and those inside lines that count one further than the mark before."""
    kept: list[Mark] = []
    for mark in sorted({*marks, *_marks(_INSIDE_LINE, text)}):
        follows = bool(kept) and mark.number == kept[-1].number + 1 and mark.start >= kept[-1].end
        if mark in marks or follows:
            kept.append(mark)
    return kept


def _marks(pattern: re.Pattern[str], text: str) -> list[Mark]:
    return [Mark(match.start(), match.end(), int(match[1])) for match in pattern.finditer(text)]


def json_pairs(text: str) -> list[Pair]:
    """Keys and texts of a JSON object, also of one that is cut off or stands among other words."""
    return [
        Pair(match[1], _unescaped(match[2]), match.start(2), match.end(2))
        for match in _JSON_PAIR.finditer(text)
    ]


def _unescaped(inside: str) -> str:
    try:
        return str(json.loads(f'"{inside}"', strict=False))
    except ValueError:
        return inside
