"""A text with its gold label, copies of it, and the data set's file of them."""

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

COLUMNS = ("text_id", "text", "label", "id", "file", "row", "line")
BEGINNING = 40
"""So many characters of a text are shown where it is named."""


class SourceText(NamedTuple):
    """One text, exactly as its source has it, its gold label, and where the user finds it."""

    content: str
    label: str | None = None
    """the gold label: as the source has it, then the name of one of ``task.labels``; None: unknown"""
    id: str = ""
    """the user's own id of it, or the number of its row; empty: its number in the data set"""
    file: str = ""
    """the file that it stands in, as the user wrote it; empty for generated texts"""
    row: int | None = None
    """its row there; 1 is the first one, after the header if there is one"""
    line: int | None = None
    """the line of the file on which that row starts, from 1"""


class Loaded(NamedTuple):
    """All texts of a source, in which order they are, and where they come from."""

    texts: list[SourceText]
    order: str
    provenance: dict[str, str | int]
    label_key: str | None = None
    """for messages: the configuration's key that says where gold labels stand; None: nowhere else"""
    notes: tuple[str, ...] = ()
    """what the user should know about how the source was read, a sentence each"""


class Copies(TypedDict):
    """Texts that equal an earlier one, character for character."""

    found: int
    label_conflicts: int
    dropped: int


def place(text: SourceText) -> str:
    """Where a text stands, such as ``row 3 (line 5) of my.csv``; its id where it stands in no row."""
    if text.row is None:
        return text.file or f"text {text.id}".rstrip()
    line = "" if text.line is None else f" (line {text.line:,})"
    return f"row {text.row:,}{line} of {text.file}"


def where(text: SourceText) -> str:
    """A text as messages name it: ``row 3 (line 5) of my.csv, which begins 'I bought ...'``."""
    start = text.content[: 4 * BEGINNING]
    words = " ".join(start.split())
    whole = start == text.content and len(words) <= BEGINNING
    beginning = words if whole else f"{words[:BEGINNING].rstrip()} ..."
    return f"{place(text)}, which begins '{beginning}'"


def deduplicate(texts: Sequence[SourceText], *, drop: bool) -> tuple[list[SourceText], Copies]:
    """Count the copies of earlier texts and, with ``drop``, leave them out.

    A label conflict is a copy whose gold label differs from the first one that its text has.
    """
    first_label: dict[str, str | None] = {}
    kept: list[SourceText] = []
    found = conflicts = 0
    for text in texts:
        is_copy = text.content in first_label
        found += is_copy
        known = first_label.get(text.content)
        conflicts += None not in (known, text.label) and known != text.label
        first_label[text.content] = text.label if known is None else known
        if not (is_copy and drop):
            kept.append(text)
    return kept, Copies(found=found, label_conflicts=conflicts, dropped=len(texts) - len(kept))


def content_sha256(texts: Iterable[SourceText]) -> str:
    """SHA-256 over texts and labels in order: one JSON array ``[text, label]`` a line, UTF-8."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(json.dumps([text.content, text.label], ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def write_source_texts(texts: Iterable[SourceText], path: Path) -> None:
    r"""Write the rows of `COLUMNS`; texts are quoted, rows end in ``\n``, None is an empty cell."""
    # Texts are always quoted: Python 3.11 leaves a lone "\r" bare otherwise, which ends the row for a reader.
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number, text in enumerate(texts):
            content, label, own_id, *found_at = text
            writer.writerow((number, content, label, own_id or str(number), *found_at))


def read_source_texts(path: Path) -> list[SourceText]:
    """Read the texts that `write_source_texts` wrote, in order of ``text_id``.

    A file from before texts had an id, a row and a line is read too.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return [
            SourceText(
                row["text"],
                row["label"] or None,
                row.get("id") or row["text_id"],
                row.get("file", ""),
                _number(row.get("row", "")),
                _number(row.get("line", "")),
            )
            for row in csv.DictReader(file)
        ]


def _number(cell: str) -> int | None:
    return int(cell) if cell else None
