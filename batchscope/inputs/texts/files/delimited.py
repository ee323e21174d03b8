"""Reads CSV and its kin, strictly: rows of fields, any delimiter, a header first."""

import csv
from collections.abc import Iterator
from itertools import chain
from typing import Literal, TextIO

from batchscope.inputs.texts.files.opening import Content, as_text
from batchscope.inputs.texts.files.table import Request, Row, Table, printable

DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
"""Those that a header is tried with, and how messages call them; of equals the first is taken."""


def read(content: Content, request: Request) -> Table:
    """Read every row in the order of the file; fields stay character for character.

    Double quotes as in RFC 4180. Empty lines between rows are skipped, as in pandas. A field has at most
    131,072 characters, the limit of the csv module: a longer one is a quote that is never closed.

    Raises:
        UserError: the file is empty, or a quote is never closed; the message names row and line.
    """
    file = as_text(content, request, newline="")
    delimiter = "\t" if request.delimiter == "tab" else request.delimiter
    blank, first = _up_to_header(file)
    if not delimiter:
        delimiter = _delimiter_of(first, content.name, request)
    records = _records([*blank, first], file, delimiter, content.shown, request)
    header = next(records, (0, []))[1]
    if not any(header):
        request.refuse("path", f"{content.shown} is empty; name a CSV file with a header row")
    rows = [
        Row(content.shown, number, line, record, _width_problem(record, len(header), delimiter))
        for number, (line, record) in enumerate(records, start=1)
    ]
    return Table(header, rows)


def _up_to_header(file: TextIO) -> tuple[list[str], str]:
    """Empty lines at the start of a file, and the first line that is none."""
    blank: list[str] = []
    for line in file:
        if line.strip():
            return blank, line
        blank.append(line)
    return blank, ""


def _delimiter_of(header: str, name: str, request: Request) -> str:
    """The delimiter that cuts the header into most columns; that of the file's ending where none cuts it."""
    usual = "\t" if name.lower().endswith((".tsv", ".tab")) else ","

    def fitness(delimiter: str) -> tuple[int, bool]:
        try:
            row = next(csv.reader([header], delimiter=delimiter, quoting=_quoting(request)), [])
        except csv.Error:  # a field that is too long, which its reader tells with its place
            return 0, delimiter == usual
        return len(row), delimiter == usual

    return max(DELIMITERS, key=fitness)


def _quoting(request: Request) -> Literal[0, 3]:
    return csv.QUOTE_MINIMAL if request.quotes else csv.QUOTE_NONE


def _records(
    start: list[str], rest: TextIO, delimiter: str, name: str, request: Request
) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of the line on which it starts; empty lines are left out."""
    reader = csv.reader(chain(start, rest), delimiter=delimiter, quoting=_quoting(request), strict=True)
    row = -1
    line = 1
    try:
        for record in reader:
            if record:
                row += 1
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        where = f"row {row + 1} (line {line})" if row >= 0 else "the header"
        plain = f", or set {request.key('quotes')}: false if quotes are part of the texts"
        remedy = "close the quote there, double quotes inside a text"
        request.refuse(
            "path",
            f"{name} is broken from {where} on: {printable(str(error))}; {remedy}"
            f"{plain if request.keys_of_format else ''}",
        )


def _width_problem(record: list[str], columns: int, delimiter: str) -> str:
    if len(record) == columns:
        return ""
    name = DELIMITERS.get(delimiter, f"'{delimiter}'")
    return f"{len(record)} fields where the header has {columns}; quote a text that holds {name}"
