"""From a file or a folder to texts: the format is found, columns are chosen, dirty rows are named."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from batchscope.config.dataset import Format
from batchscope.inputs.texts.files import delimited, json_lines, parquet, plain_lines
from batchscope.inputs.texts.files.columns import Columns, describe_columns, find_columns
from batchscope.inputs.texts.files.opening import Content, encoding_problem, unpacked
from batchscope.inputs.texts.files.table import Request, Row, Table
from batchscope.inputs.texts.room import Room
from batchscope.inputs.texts.source_text import SourceText, place

ROWS_SHOWN = 10

READERS: dict[Format, Callable[[Content, Request], Table]] = {
    "csv": delimited.read,
    "jsonl": json_lines.read,
    "parquet": parquet.read,
    "txt": plain_lines.read,
}
"""Readers by the name that the configuration has for a format."""

ENDINGS: dict[str, Format] = {
    **dict.fromkeys((".csv", ".tsv", ".tab"), "csv"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "jsonl"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    ".txt": "txt",
}


def read_texts(path: Path, request: Request) -> tuple[list[SourceText], str]:
    """Read a file or a folder; texts stay character for character, and gold labels as the file spells them.

    Returns:
        The texts in the file's order, and a sentence about the columns that were taken.

    Raises:
        UserError: the file cannot be read, is empty or no such file, a column is missing, or rows are dirty;
            dirty rows are named by their number, 1 being the first one, after the header if there is one.
    """
    return texts_of(read_table(path, request), path, request)


def read_table(path: Path, request: Request, room: Room | None = None) -> Table:
    """Read the columns and rows of a file or a folder.

    Args:
        path: the file, or the folder.
        request: how it is read.
        room: for what comes out of a packed file; None: what this machine has.

    Raises:
        UserError: the file cannot be read, is no such file, or holds more than there is room for.
    """
    if path.is_dir():
        if request.format not in {"auto", "txt"}:
            request.refuse("path", f"{path} is a folder, and the format is {request.format}; name a file")
        return plain_lines.read_folder(path, request)
    with unpacked(path, request, room) as content:
        return READERS[_format_of(content, request)](content, request)


def texts_of(table: Table, path: Path, request: Request) -> tuple[list[SourceText], str]:
    """The texts of a table, and a sentence about the columns that were taken.

    Args:
        table: All rows.
        path: The file or folder, for messages.
        request: Which columns are wanted.

    Raises:
        UserError: a column is missing, or rows are dirty.
    """
    if table.rows and all(row.problem for row in table.rows):
        _report([f"  {_place(row)}: {row.problem}" for row in table.rows], table, path, request)
    columns = find_columns(table, request)
    if not table.rows:
        request.refuse("path", f"{path} holds a header and no rows; name a file with texts")
    texts, complaints = [], []
    for count, row in enumerate(table.rows, start=1):
        text = _text(row, count, columns)
        problem = row.problem or _problem(row, columns, text, request)
        if problem:
            complaints.append(f"  {_place(row)}: {problem}")
        else:
            texts.append(text)
    _report(complaints or list(_repeated_ids(texts, columns)), table, path, request)
    return texts, describe_columns(table, columns, request)


def _format_of(content: Content, request: Request) -> Format:
    """As configured; else Parquet by its first bytes, others by their name's ending or first character."""
    start = content.bytes.peek(64)
    if request.format != "auto":
        return request.format
    if start.startswith(b"PAR1"):
        return "parquet"
    by_name = ENDINGS.get(Path(content.name).suffix.lower())
    if by_name:
        return by_name
    return "jsonl" if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else "csv"


def _text(row: Row, count: int, columns: Columns) -> SourceText:
    """A row as a text; its problems are looked for afterwards.

    ``count`` is its id where it has none of its own: the row's number, of several files counted on.
    """
    if row.problem:
        return SourceText("")
    cells = row.cells
    text = _plain(cells[columns.text]) or ""
    label = None if columns.label is None else _plain(cells[columns.label])
    own_id = (row.file if row.number is None else str(count)) if columns.id is None else cells[columns.id]
    return SourceText(
        text,
        label.strip() or None if label else None,
        _plain(own_id) or "",
        row.file,
        row.number,
        row.line,
    )


def _problem(row: Row, columns: Columns, text: SourceText, request: Request) -> str:
    for at, what in ((columns.text, "text"), (columns.label, "label"), (columns.id, "id")):
        if at is not None and isinstance(row.cells[at], list | dict):
            return f"the {what} is a list or an object where one value is needed"
    if wrong := encoding_problem(request, text.content, text.label or "", text.id):
        return wrong
    if not text.content.strip():
        return "empty text"
    return "" if text.id else "empty id"


def _plain(value: Any) -> str | None:
    """A cell as text; whole numbers without a fraction, for Parquet keeps integers with gaps as 1.0."""
    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124, not a number
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    return value if isinstance(value, str) else str(value)


def _repeated_ids(texts: Sequence[SourceText], columns: Columns) -> Iterator[str]:
    """A complaint for each text whose own id another one has already."""
    if columns.id is None:
        return
    first: dict[str, SourceText] = {}
    for text in texts:
        other = first.setdefault(text.id, text)
        if other is not text:
            yield f"  {place(text)}: the id '{text.id}' is that of {place(other)} too"


def _place(row: Row) -> str:
    if row.number is None:
        return row.file
    return f"row {row.number:,}" + ("" if row.line is None else f" (line {row.line:,})")


def _report(complaints: Sequence[str], table: Table, path: Path, request: Request) -> None:
    if not complaints:
        return
    count = len(complaints)
    shown = list(complaints[:ROWS_SHOWN])
    if count > ROWS_SHOWN:
        shown.append(f"  and {count - ROWS_SHOWN:,} more")
    rows = "1 dirty row" if count == 1 else f"{count:,} dirty rows"
    counted = " (row 1 is the first after the header)" if table.header else ""
    request.refuse(
        "path",
        "\n".join(
            [
                f"{path} has {rows}{counted}:",
                *shown,
                "correct or remove them in the file",
            ]
        ),
    )
