"""What a page holds, before it is written as Markdown or HTML."""

from collections.abc import Sequence
from dataclasses import dataclass, field

MEASURED = "measured"


class Struck(str):
    """A cell whose figure does not count: shown struck through."""

    __slots__ = ()


Cell = str


Row = dict[tuple[str, str], Cell]


@dataclass(frozen=True)
class Table:
    """Cells under two levels of headings: (group, column)."""

    columns: list[tuple[str, str]]
    rows: list[list[Cell]]

    @classmethod
    def of_rows(cls, rows: Sequence[Row]) -> "Table":
        """Columns in the order in which rows name them; those that are empty in every row are left out."""
        named = dict.fromkeys(key for row in rows for key in row)
        filled = [column for column in named if any(row.get(column) for row in rows)]
        return cls(filled, [[row.get(column, "") for column in filled] for row in rows])


@dataclass(frozen=True)
class Log:
    """The last lines of a failed run's log."""

    run: str
    lines: list[str]


@dataclass(frozen=True)
class Section:
    """A further table, under a heading of its own."""

    heading: str
    table: Table
    note: str = ""


@dataclass(frozen=True)
class Page:
    """A study's page, from top to bottom."""

    title: str
    question: str
    findings: list[str]
    context: list[str]
    """what it was measured on, with which model, and what that means for the comparison"""
    table: Table
    notes: list[str]
    sections: list[Section] = field(default_factory=list)
    """what the table has no room for"""
    logs: list[Log] = field(default_factory=list)
    """what failed runs said last"""
    files: list[str] = field(default_factory=list)
    """paths of further files, from where the page lies"""
