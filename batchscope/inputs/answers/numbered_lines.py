"""Cuts an answer into its numbered parts; pure functions on text."""

import json
import re
from typing import NamedTuple

_AT_LINE_START = re.compile(r"^[^\w\r\n]*(\d{1,6})(?:[^\S\r\n]*[.):\]-]|[^\S\r\n]|$)", re.MULTILINE)
_INSIDE_LINE = re.compile(r"(?<!\S)(\d{1,6})[.):](?=\s)")
_JSON_PAIR = re.compile(r'"([^"\\]*)"\s*:\s*"((?:[^"\\]|\\.)*)("?)')


class Part(NamedTuple):
    """What an answer says under one number; number None: before the first one."""

    number: int | None
    text: str


def numbered_parts(text: str, one_line: bool) -> list[Part]:
    """The parts of an answer, each from its number to the next one; what stands before the first, first.

    A number counts at the start of a line, before a point, bracket, colon or blank, and also inside of one,
    if it follows the number before it: some models write all lines in one.

    Args:
        text: the answer.
        one_line: whether numbers inside a line count; not where labels hold numbers themselves.
    """
    marks = [(match.start(), match.end(), int(match[1])) for match in _AT_LINE_START.finditer(text)]
    if one_line and marks:
        marks = _with_marks_inside(text, marks)
    starts = [start for start, _, _ in marks] + [len(text)]
    parts = [Part(number, text[end:to]) for (_, end, number), to in zip(marks, starts[1:], strict=True)]
    return [Part(None, text[: starts[0]]), *parts]


def _with_marks_inside(text: str, marks: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The marks at line starts, and those inside lines that count one further than the mark before."""
    starts = {start for start, _, _ in marks}
    inside = [(match.start(), match.end(), int(match[1])) for match in _INSIDE_LINE.finditer(text)]
    kept: list[tuple[int, int, int]] = []
    for mark in sorted({*marks, *inside}):
        follows = bool(kept) and mark[2] == kept[-1][2] + 1 and mark[0] >= kept[-1][1]
        if mark[0] in starts and mark in marks or follows and mark not in marks:
            kept.append(mark)
    return kept


def json_pairs(text: str) -> list[tuple[str, str]]:
    """Keys and texts of a JSON object, also of one that is cut off or stands among other words."""
    return [(match[1], _unescaped(match[2])) for match in _JSON_PAIR.finditer(text)]


def _unescaped(inside: str) -> str:
    try:
        return str(json.loads(f'"{inside}"', strict=False))
    except ValueError:
        return inside
