"""Reads reviews from a CSV file, strictly: a dirty row stops the study instead of entering it."""

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TextIO

from batchscope.common.errors import UserError
from batchscope.config.dataset import CsvDataset, Dataset
from batchscope.inputs.texts.download import download, file_digest, shown
from batchscope.inputs.texts.reviews import Label, Loaded, Review
from batchscope.inputs.texts.urls import file_name

LABELS: dict[str, Label] = {"positive": "positive", "negative": "negative"}
ROWS_SHOWN = 10


def load(dataset: Dataset, downloads: Path) -> Loaded:
    """The reviews of a CSV file or address, after its checksum, see `batchscope.inputs.texts.sources`.

    Raises:
        UserError: there is no file, it cannot be fetched, it is another one, or `read_csv` refuses it.
    """
    location = dataset.csv.path
    is_url = _is_url(location)
    path = Path(location)
    if is_url:
        # Two addresses may end in the same name; a file by hand is set as the path instead.
        key = hashlib.sha256(location.encode()).hexdigest()[:8]
        path = downloads / f"{key}-{file_name(location, 'reviews.csv')}"
        download(location, path, key="dataset.csv.path", by_hand="set dataset.csv.path to the file")
    if not path.is_file():
        raise UserError(
            f"dataset.csv.path: there is no file {path} (seen from {Path.cwd()}); put it there or set the key"
        )
    got = file_digest(path, "sha256")
    if dataset.csv.sha256 not in (None, got):
        again = "delete that file to download it again" if is_url else "name the right file"
        raise UserError(
            f"dataset.csv.sha256: {path} has SHA-256 {got}, expected {dataset.csv.sha256}; "
            f"{again}, or correct the checksum"
        )
    provenance: dict[str, str | int] = {"path": shown(location) if is_url else location, "sha256": got}
    return Loaded(read_csv(path, dataset.csv), "as in the file", provenance)


def files(dataset: Dataset) -> Sequence[str]:
    """The file, unless it comes from the network."""
    return () if _is_url(dataset.csv.path) else (dataset.csv.path,)


def _is_url(location: str) -> bool:
    return re.match("https?://", location, re.IGNORECASE) is not None


def read_csv(path: Path, dataset: CsvDataset) -> list[Review]:
    """Read every row in the order of the file; texts stay character for character, labels may be in any case.

    The file is UTF-8 (a byte order mark is dropped) with commas and double quotes. Empty lines between rows
    are skipped, as in pandas. A field has at most 131,072 characters, the limit of the csv module: a longer
    one is a quote that is never closed.

    Raises:
        UserError: the file cannot be read, is empty or no such CSV, a column is missing, or rows are dirty;
            dirty rows are named by their number, 1 being the first row after the header.
    """
    try:
        # surrogateescape carries a bad byte to its row, where it can be reported by number.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            return _Table(path, dataset).read(file)
    except OSError as error:
        raise UserError(
            f"dataset.csv.path: cannot read {path}: {error.strerror}; name a readable file"
        ) from None


@dataclass
class _Table:
    path: Path
    dataset: CsvDataset
    complaints: list[str] = field(default_factory=list)

    def read(self, file: TextIO) -> list[Review]:
        records = self._records(file)
        header = next(records, (0, []))[1]
        if not header:
            self._refuse("is empty; name a CSV file with a header row", "dataset.csv.path")
        text_at = self._position("review_column", self.dataset.review_column, header)
        label_at = self._position("label_column", self.dataset.label_column, header)
        reviews = []
        for row, (line, record) in enumerate(records, start=1):
            problem = _problem(record, len(header), text_at, label_at)
            if problem:
                self.complaints.append(f"  row {row} (line {line}): {problem}")
            else:
                reviews.append(Review(record[text_at], LABELS[_plain(record[label_at])]))
        self._report_complaints()
        if not reviews:
            self._refuse("holds a header and no rows; name a file with reviews", "dataset.csv.path")
        return reviews

    def _records(self, file: TextIO) -> Iterator[tuple[int, list[str]]]:
        """Each record with the number of the line on which it starts; empty lines are left out."""
        reader = csv.reader(file, strict=True)
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
            self._refuse(
                f"is broken from {where} on: {error}; close the quote there, double quotes inside a text",
                "dataset.csv.path",
            )

    def _position(self, key: str, column: str, header: list[str]) -> int:
        found = header.count(column)
        shown = ", ".join(_printable(name) for name in header)
        if not found:
            self._refuse(
                f"has no column '{column}'; its columns are: {shown}; set this key", f"dataset.csv.{key}"
            )
        if found > 1:
            self._refuse(
                f"has {found} columns '{column}' ({shown}); rename all but one in the file",
                f"dataset.csv.{key}",
            )
        return header.index(column)

    def _report_complaints(self) -> None:
        if not self.complaints:
            return
        count = len(self.complaints)
        shown = self.complaints[:ROWS_SHOWN]
        if count > ROWS_SHOWN:
            shown.append(f"  and {count - ROWS_SHOWN:,} more")
        rows = "1 dirty row" if count == 1 else f"{count:,} dirty rows"
        self._refuse(
            "\n".join(
                [
                    f"has {rows} (row 1 is the first after the header):",
                    *shown,
                    "correct or remove them in the file",
                ]
            ),
            "dataset.csv.path",
        )

    def _refuse(self, what: str, key: str) -> NoReturn:
        raise UserError(f"{key}: {self.path} {what}")


def _problem(record: list[str], columns: int, text_at: int, label_at: int) -> str | None:
    if len(record) != columns:
        return f"{len(record)} fields where the header has {columns}; quote a text that holds commas"
    text, label = record[text_at], record[label_at]
    if not _is_utf8(text) or not _is_utf8(label):
        return "bytes that are not UTF-8; save the file as UTF-8"
    if "\0" in text:
        return "a NUL character; save the file as UTF-8"
    if not text.strip():
        return "empty text"
    if _plain(label) not in LABELS:
        return f"unknown label '{label[:40]}'; positive and negative are known"
    return None


def _plain(label: str) -> str:
    return label.strip().lower()


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(text: str) -> str:
    return text.encode(errors="replace").decode()
