"""Whether two files of a report say the same: the same bytes, or else the same numbers and texts."""

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?")
"""A number as tables and figures write it."""

REFERENCES = {"id", "clip-path", "{http://www.w3.org/1999/xlink}href"}
"""Attributes of an SVG that only name parts of it."""

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
            if row.get(column) != other.get(column):
                yield f"row {number}, {column}: {row.get(column)!r} before, {other.get(column)!r} now"


def _in_lines(old: str, new: str) -> Iterator[str]:
    before, after = ([line for line in text.splitlines() if NUMBER.search(line)] for text in (old, new))
    return _unlike([NUMBER.findall(line) for line in before], [NUMBER.findall(line) for line in after])


def _in_drawings(old: str, new: str) -> Iterator[str]:
    return _unlike(*([*_facts(ET.fromstring(text))] for text in (old, new)))  # noqa: S314 (our own files)


def _facts(drawing: ET.Element) -> Iterator[object]:
    """Texts, and the numbers that say where and how large each shape is."""
    for element in drawing.iter():
        if element.tag.endswith("}text"):
            yield " ".join("".join(element.itertext()).split())
        for name, value in element.attrib.items():
            if name not in REFERENCES and (numbers := NUMBER.findall(value)):
                yield name, numbers


def _unlike(before: Sequence[object], after: Sequence[object]) -> Iterator[str]:
    for old, new in zip_longest(before, after):
        if old != new:
            yield f"{old!r} before, {new!r} now"
