"""Tables that tell runs apart: without columns that say the same in each row, or the same as another one."""

from collections.abc import Sequence
from dataclasses import dataclass

from batchscope.reporting.page import MEASURED, Table

KEPT = ("status", "texts/s")
"""Columns that stay though they say the same in each row."""


@dataclass(frozen=True)
class Distinct:
    """A table, and what is the same in all its rows."""

    headings: list[str]
    rows: list[list[str]]
    same: list[str]
    """``layout packed``, ..."""


def distinct(table: Table) -> Distinct:
    """Drop columns that are constant, told once below the table, and those that repeat an earlier one."""
    columns = list(zip(*table.rows, strict=True)) if table.rows else []
    headings = [heading_of(*names) for names in table.columns]
    constant = [index for index, cells in enumerate(columns) if _is_constant(headings[index], cells)]
    chosen, seen = list[int](), set[tuple[str, ...]]()
    for index, cells in enumerate(columns):
        if index not in constant and cells not in seen:
            chosen.append(index)
            seen.add(cells)
    same = [f"{headings[index]} {columns[index][0]}" for index in constant if columns[index][0]]
    return Distinct(
        [headings[index] for index in chosen], [[row[index] for index in chosen] for row in table.rows], same
    )


def heading_of(group: str, name: str) -> str:
    """A heading with its group behind it; what was measured here has none."""
    return name if group in ("", MEASURED) else f"{name} ({group})"


def _is_constant(heading: str, cells: Sequence[str]) -> bool:
    return len(cells) > 1 and heading not in KEPT and len(set(cells)) == 1
