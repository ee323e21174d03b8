"""Reads JSON: an object on each line, or one array of objects."""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from batchscope.inputs.texts.files.opening import Content, as_text
from batchscope.inputs.texts.files.table import Request, Row, Table

Record = tuple[int | None, Any, str]
"""The line on which it starts, the value, and what is wrong with it."""


def read(content: Content, request: Request) -> Table:
    """Read every object in the order of the file; its keys are columns, and one that it lacks is None.

    Empty lines are skipped. Values stay as JSON has them: strings, numbers, true and false, null.

    Raises:
        UserError: the file is an array that is not closed, or holds none.
    """
    file = as_text(content, request)
    is_array = content.bytes.peek(1024).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    records = list(_array(file, content.shown, request) if is_array else _lines(file))
    columns = list(dict.fromkeys(key for _, value, problem in records if not problem for key in value))
    rows = [
        Row(content.shown, number, line, [] if problem else [value.get(key) for key in columns], problem)
        for number, (line, value, problem) in enumerate(records, start=1)
    ]
    if not rows:
        request.refuse("path", f"{content.shown} is empty; name a file with a JSON object on each line")
    return Table(columns, rows, header=False)


def _lines(file: TextIO) -> Iterator[Record]:
    for line, text in enumerate(file, start=1):
        if not text.strip():
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield line, None, f"no JSON: {_reason(error)}"
        else:
            yield line, value, _object_problem(value)


def _array(file: TextIO, name: str, request: Request) -> Iterator[Record]:
    try:
        values = json.load(file)
    except UnicodeError:
        raise
    except (ValueError, RecursionError) as error:
        request.refuse("path", f"{name} is no JSON: {_reason(error)}; correct it there")
    for value in values:
        yield None, value, _object_problem(value)


def _reason(error: Exception) -> str:
    """Python's words for what JSON itself allows are about Python."""
    if isinstance(error, json.JSONDecodeError):
        return str(error)
    return "nested too deeply" if isinstance(error, RecursionError) else "a number with too many digits"


def _object_problem(value: Any) -> str:
    if isinstance(value, dict):
        return ""
    return f'{json.dumps(value)[:40]} is no object; write it as {{"text": ..., "label": ...}}'
