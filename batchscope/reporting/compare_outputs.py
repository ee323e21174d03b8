"""Whether two files of a report say the same: the same bytes, or else the same numbers and texts.

Numbers are the same within `CLOSE`: a processor of another kind adds up in another order, and the last binary
digits of what it computes differ.
"""

import csv
import io
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?")
"""A number as tables and figures write it."""

REFERENCES = {"id", "clip-path", "{http://www.w3.org/1999/xlink}href"}
"""Attributes of an SVG that only name parts of it."""

CLOSE = 1e-9
"""Share by which a number may differ."""

LAST_DIGIT = 2e-6
"""By so much a coordinate may differ: a figure's shapes have six decimals, and the last one may turn over."""

SHOWN = 6
"""So many differences of a file are told; the first ones tell the rest."""


def differences(before: Path, after: Path) -> list[str]:
    """What differs between two files of the same kind, a line each; nothing where they say the same.

    CSV is compared by column and row, whatever the order of columns; SVG by its texts and the numbers of its
    shapes; all else by its numbers, line by line. A PNG says the same only with the same bytes.
    """
    old, new = before.read_bytes(), after.read_bytes()
    if old == new:
        return []
    if before.suffix == ".png":
        return ["other pixels"]
    compare = {".csv": _in_tables, ".svg": _in_drawings}.get(before.suffix, _in_lines)
    return list(compare(old.decode(), new.decode()))[:SHOWN]


def _in_tables(old: str, new: str) -> Iterator[str]:
    before, after = (list(csv.DictReader(io.StringIO(text))) for text in (old, new))
    if len(before) != len(after):
        yield f"{len(before)} rows before, {len(after)} now"
    for column in dict.fromkeys(name for row in (*before, *after) for name in row):
        for number, (row, other) in enumerate(zip(before, after, strict=False), start=1):
            if not _alike(row.get(column), other.get(column)):
                yield f"row {number}, {column}: {row.get(column)!r} before, {other.get(column)!r} now"


def _in_lines(old: str, new: str) -> Iterator[str]:
    before, after = ([line for line in text.splitlines() if NUMBER.search(line)] for text in (old, new))
    return _unlike([NUMBER.findall(line) for line in before], [NUMBER.findall(line) for line in after])


def _in_drawings(old: str, new: str) -> Iterator[str]:
    before, after = ([*_facts(ET.fromstring(text))] for text in (old, new))  # noqa: S314 (our own files)
    return _unlike(before, after, least=LAST_DIGIT)


def _facts(drawing: ET.Element) -> Iterator[list[str]]:
    """Texts, and the numbers that say where and how large each shape is."""
    for element in drawing.iter():
        if element.tag.endswith("}text"):
            yield [" ".join("".join(element.itertext()).split())]
        for name, value in element.attrib.items():
            if name not in REFERENCES and (numbers := NUMBER.findall(value)):
                yield [name, *numbers]


def _unlike(before: Sequence[list[str]], after: Sequence[list[str]], least: float = 0.0) -> Iterator[str]:
    for old, new in zip_longest(before, after):
        same = old and new and len(old) == len(new)
        if not (same and all(_alike(one, other, least) for one, other in zip(old, new, strict=True))):
            yield f"{old!r} before, {new!r} now"


def _alike(old: str | None, new: str | None, least: float = 0.0) -> bool:
    """Whether two cells say the same: the same text around the same numbers."""
    if old == new:
        return True
    if old is None or new is None or NUMBER.split(old) != NUMBER.split(new):
        return False
    pairs = zip(NUMBER.findall(old), NUMBER.findall(new), strict=True)
    return all(math.isclose(_value(one), _value(other), rel_tol=CLOSE, abs_tol=least) for one, other in pairs)


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def without_noise(before: str, after: str, kind: str) -> str:
    """The new text of a file, with the old text of each cell or line that says the same.

    Args:
        before: what stands there.
        after: what was made now.
        kind: the file's suffix; ``.csv`` is taken cell by cell, all else line by line.
    """
    if kind != ".csv":
        old, new = (text.splitlines(keepends=True) for text in (before, after))
        least = LAST_DIGIT if kind == ".svg" else 0.0
        if len(old) != len(new):
            return after
        kept = (one if _alike(one, other, least) else other for one, other in zip(old, new, strict=True))
        return "".join(kept)
    table, rows = csv.DictReader(io.StringIO(after)), list(csv.DictReader(io.StringIO(before)))
    out = io.StringIO()
    writer = csv.DictWriter(out, table.fieldnames or (), lineterminator="\n")
    writer.writeheader()
    for number, row in enumerate(table):
        old_row = rows[number] if number < len(rows) else {}
        same = {name: text for name, text in old_row.items() if _alike(text, row.get(name))}
        writer.writerow(row | same)
    return out.getvalue()
