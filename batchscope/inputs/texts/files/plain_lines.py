"""Reads plain text files: one text on each line, or one in each file of a folder."""

import re
from collections.abc import Sequence
from pathlib import Path

from batchscope.inputs.texts.files.opening import Content, as_text
from batchscope.inputs.texts.files.table import Request, Row, Table

LABEL = "folder"
"""What the column is called that holds the name of a text's sub-folder."""


def read(content: Content, request: Request) -> Table:
    """Read the lines of a file; empty ones are skipped."""
    lines = [(number, line.rstrip("\n")) for number, line in enumerate(as_text(content, request), start=1)]
    kept = [(number, line) for number, line in lines if line.strip()]
    rows = [Row(content.shown, row, line, [text]) for row, (line, text) in enumerate(kept, start=1)]
    return Table(["text"], rows, header=False)


def files_of(folder: Path) -> Sequence[Path]:
    """The .txt files of a folder and its sub-folders, 2.txt before 10.txt; hidden ones are left out."""
    found = [path for path in folder.rglob("*") if path.suffix.lower() == ".txt" and path.is_file()]
    shown = [
        path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return sorted(shown, key=lambda path: _natural(str(path.relative_to(folder))))


def read_folder(folder: Path, request: Request) -> Table:
    """Read a folder: each file is a text, and the sub-folder that it lies in names its label.

    The line break that editors put at the end of a file is no part of its text.

    Raises:
        UserError: the folder holds no .txt files.
    """
    paths = files_of(folder)
    if not paths:
        others = sorted(path.name for path in folder.iterdir() if path.is_file())[:5]
        remedy = f"name one of its files ({', '.join(others)})" if others else "put some there"
        request.refuse("path", f"the folder {folder} holds no .txt files; {remedy}")
    rows = [_row(path, folder, request) for path in paths]
    return Table(["text", LABEL, "file"], rows, header=False)


def _row(path: Path, folder: Path, request: Request) -> Row:
    name = str(path.relative_to(folder))
    label = path.parent.name if path.parent != folder else None
    try:
        text = path.read_bytes().decode(request.encoding, errors="surrogateescape")
    except (OSError, UnicodeError) as error:
        return Row(name, None, None, [], f"cannot be read: {error}")
    text = text.removeprefix("\ufeff").removesuffix("\n").removesuffix("\r")
    return Row(name, None, None, [text, label, name])


def _natural(name: str) -> list[tuple[int, int, str]]:
    """A key that puts numbers in a name in their order."""
    parts = re.split(r"(\d+)", name)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]
