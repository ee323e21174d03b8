"""Exceptions in what an engine's processes have said: by which process, and with all of their message."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

LINE = re.compile(
    r"^(?:\((?P<process>\w+)[^()]* pid=(?P<pid>\d+)\) ?)?"
    r"(?P<level>(?:DEBUG|INFO|WARNING|ERROR|CRITICAL) [\d-]+ (?:[\d:]+ )?\[[^\]]+\] ?)?(?P<text>.*)$"
)
"""A line of vLLM's: the process that said it and the logger's head, each only where it has one."""

TRACEBACK = "Traceback (most recent call last):"

RAISED = re.compile(r"^(?:[A-Za-z_]\w*\.)*(?P<type>[A-Za-z_]\w*)(?:: (?P<message>.*))?$")
"""The line under a traceback's frames."""

NO_MESSAGE = re.compile(
    r"^(?:During handling of the above exception|The above exception was the direct cause|Exception ignored"
    r"|\[rank\d+\]|\[[A-Z]\d{3,}|\S+:\d+: |\S*Warning: |sys:1: |Process \S+:$|ERROR:? |INFO:? |WARNING:? )"
)
"""Lines that processes print after an exception, and that are no part of its message."""

ENDS = ("SystemExit", "KeyboardInterrupt", "CancelledError")
"""What a process is told to end with: no cause."""


@dataclass(frozen=True)
class Raised:
    """An exception: the process of vLLM's (empty: the host), and type and whole message as text."""

    process: str
    text: str


@dataclass(frozen=True)
class _Line:
    process: str
    pid: str
    level: str
    text: str


def exceptions_in(log: Iterable[str]) -> list[Raised]:
    """All exceptions whose traceback a log holds, process by process, each process's in order."""
    lines = sorted(map(_parsed, log), key=lambda line: (line.process, line.pid))
    streams = groupby(lines, key=lambda line: (line.process, line.pid))
    return [Raised(process, text) for (process, _), said in streams for text in _raised(list(said))]


def _parsed(line: str) -> _Line:
    found = LINE.match(line.rstrip())
    assert found is not None, "every part of it may be missing"  # noqa: S101
    process, pid, level, text = (found[name] or "" for name in ("process", "pid", "level", "text"))
    return _Line(process, pid, level.rstrip(), text)


def _raised(said: Sequence[_Line]) -> Iterator[str]:
    """The exceptions of one process."""
    for start, line in enumerate(said):
        ignored = start > 0 and said[start - 1].text.startswith("Exception ignored")
        if line.text != TRACEBACK or ignored:
            continue
        end = start + 1
        while end < len(said) and (said[end].text.startswith(" ") or not said[end].text):
            end += 1
        if end < len(said) and (text := _with_message(said[end:], line.level)) is not None:
            yield text


def _with_message(said: Sequence[_Line], level: str) -> str | None:
    """Type and message of the exception that the first line names; None where it says nothing of a cause."""
    head = RAISED.match(said[0].text)
    if head is None or head["type"] in ENDS:
        return None
    first = f"{head['type']}: {head['message']}" if head["message"] else head["type"]
    rest = []
    for line in said[1:]:
        # a record of the logger has one head on all of its lines; what is printed has none
        if line.level != level or line.text == TRACEBACK or NO_MESSAGE.match(line.text):
            break
        rest.append(line.text)
    return "\n".join([first, *rest]).rstrip()
