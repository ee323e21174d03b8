"""What a table says beside what was recomputed, number by number."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

CLOSE = 1e-9
"""Share by which a number may differ: sums in another order differ by less."""

NO_FORMULA = "no formula for this column in tests/audit"

Row = Mapping[str, object]


@dataclass(frozen=True)
class Unknown:
    """Stands for a number that the committed files do not tell."""

    why: str


@dataclass
class Checked:
    """One table: how many of its numbers came out again, which are off, and which cannot be told."""

    table: str
    equal: int = 0
    off: list[str] = field(default_factory=list)
    untold: Counter[str] = field(default_factory=Counter)

    @property
    def checked(self) -> int:
        return self.equal + len(self.off)

    @property
    def numbers(self) -> int:
        return self.checked + self.untold.total()

    @property
    def share(self) -> float:
        return self.checked / self.numbers if self.numbers else 1.0

    def number(self, place: str, said: object, found: object, close: float = CLOSE) -> None:
        """Compare one cell; where neither side has a number there is nothing to count."""
        if isinstance(found, Unknown):
            if not missing(said):
                self.untold[found.why] += 1
        elif missing(said) and missing(found):
            return
        elif missing(said) or missing(found) or not same(said, found, close):
            self.off.append(f"{place}: {said!s} stands there, {found!s} was recomputed")
        else:
            self.equal += 1

    def text(self, place: str, said: str, found: str | None) -> None:
        """Compare a cell of a page, as it is written; None: not known how it is made."""
        if found is None:
            self.untold[NO_FORMULA] += 1
        elif said == found:
            self.equal += 1
        else:
            self.off.append(f"{place}: {said!r} stands there, {found!r} was recomputed")

    def told(self) -> list[str]:
        """Lines for a reader."""
        found = f"{self.table}: {self.numbers:,} numbers, {self.equal:,} equal, {len(self.off):,} off"
        lines = [f"{found}, {self.untold.total():,} not checkable" if self.untold else found]
        lines += [f"    off: {line}" for line in self.off]
        return lines + [f"    not checkable: {count:,}: {why}" for why, count in self.untold.most_common()]


def missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA


def same(said: object, found: object, close: float = CLOSE) -> bool:
    if isinstance(said, str) or isinstance(found, str):
        return str(said) == str(found)
    return math.isclose(float(said), float(found), rel_tol=close, abs_tol=1e-12)  # type: ignore[arg-type]


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not missing(value)


def compare(path: Path, name: str, key: Sequence[str], rows: Mapping[tuple[object, ...], Row]) -> Checked:
    """A committed CSV file beside recomputed rows.

    Args:
        path: the file.
        name: what to call it.
        key: columns that name a row.
        rows: recomputed cells by the values of these columns.
    """
    table, found = Checked(name), pd.read_csv(path, keep_default_na=False, na_values=[""])
    left = dict(rows)
    for said in found.to_dict("records"):
        place = tuple(said[column] for column in key)
        row = left.pop(place, None)
        words = ", ".join(map(str, place))
        if row is None:
            table.off.append(f"{words}: no such row in the raw files")
            continue
        for column, value in said.items():
            told = row.get(column)
            if column not in key and (is_number(value) or is_number(told) or isinstance(told, bool)):
                table.number(f"{words}: {column}", value, row.get(column, Unknown(f"{NO_FORMULA}: {column}")))
    table.off += [f"{', '.join(map(str, place))}: the row is missing" for place in left]
    return table
