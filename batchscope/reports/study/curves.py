"""The curves of a study's figure: which runs a line may join, and what each curve is called in the legend.

Runs of one curve are alike in everything but x, so that a line along it shows what x does and nothing else.
Between categories there is no line: there, what always differs with x is told by the names along x.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from batchscope.config.studies import Plot
from batchscope.reporting.figure import per_prompt
from batchscope.reporting.style import FIXED, SeriesStyle, free_styles
from batchscope.reporting.wording import show_setting, varying
from batchscope.results.frames import column_of

DEFAULT = show_setting(None)
"""A setting that was left to vLLM."""

SIZE = ("layout", "n")
"""Settings that are told together: how many texts a prompt has."""


@dataclass(frozen=True)
class Curves:
    """The runs of a study, in curves."""

    runs: pd.DataFrame
    plot: Plot
    numeric: bool
    """whether x is a number, so that lines join runs along it"""

    @property
    def names(self) -> list[str]:
        """The curve of each run, by its name in the legend; runs with one name are alike in all but x.

        The name has the setting that the study asks for, texts per prompt where these differ, and of all else
        what is not usual: neither left to vLLM, nor so in more than half of the runs.
        """
        columns = [self._series, *(name for name in self._others if name not in self._follows)]
        shown = self._shown[list(dict.fromkeys(columns))]
        keys = list(shown.itertuples(index=False, name=None))
        names = {
            key: ", ".join(self._parts(shown[[each == key for each in keys]])) for key in dict.fromkeys(keys)
        }
        return [names[key] for key in keys]

    def ticks(self, values: Sequence[object]) -> dict[str, list[str]]:
        """What always differs with x, by the value of x as it is shown, where it is not usual.

        Args:
            values: the x of each run.
        """
        rows = self._shown[self._follows].assign(x=[show_setting(value) for value in values])
        return {
            str(row["x"]): [
                f"{_short(name)}={row[name]}" for name in self._follows if row[name] != self._usual.get(name)
            ]
            for _, row in rows.drop_duplicates("x").iterrows()
        }

    @property
    def _x(self) -> str:
        return column_of(self.plot.x)

    @property
    def _series(self) -> str:
        return column_of(self.plot.series)

    @cached_property
    def _others(self) -> list[str]:
        """All that tells runs apart, but x."""
        return [name for name in varying(self.runs) if name not in (self._x, self._series)]

    @cached_property
    def _follows(self) -> list[str]:
        """Settings that a category along x decides."""
        if self.numeric or self._x not in self.runs:
            return []
        along = self._shown.groupby([show_setting(value) for value in self.runs[self._x]])
        return [name for name in self._others if self._differs(name) and (along[name].nunique() == 1).all()]

    @cached_property
    def _shown(self) -> pd.DataFrame:
        """The settings of each run, as they are shown; an argument that no run sets has vLLM's default."""
        runs = self.runs
        names = dict.fromkeys([self._series, *self._others])
        return pd.DataFrame(
            {name: runs[name].map(show_setting) if name in runs else DEFAULT for name in names},
            index=runs.index,
        )

    @cached_property
    def _usual(self) -> Mapping[str, str | None]:
        """By setting, the value that goes without saying."""
        return {str(name): _usual(self._shown[name]) for name in self._shown}

    def _differs(self, name: str) -> bool:
        return name in self._shown and self._shown[name].nunique() > 1

    @property
    def _by_size(self) -> bool:
        """Whether texts per prompt tell curves apart."""
        if self._x == "layout" and self._series != "layout":
            return False
        return self._series in SIZE or any(self._differs(name) and name not in self._follows for name in SIZE)

    def _parts(self, curve: pd.DataFrame) -> Iterator[str]:
        """What a curve is called, part by part; ``curve``: the settings that its runs share."""
        row = curve.iloc[0]
        if not (self._by_size and self._series in SIZE):
            yield f"{_short(self.plot.series)}={row[self._series]}"
        if self._by_size:
            yield from self._size(self.runs.loc[curve.index])
        for name in row.index:
            told = name == self._series or (self._by_size and name in SIZE)
            if not told and row[name] != self._usual[name]:
                yield f"{_short(name)}={row[name]}"

    def _size(self, curve: pd.DataFrame) -> Iterator[str]:
        """Texts per prompt; of separate prompts also how many there are, where that tells them apart."""
        layout, sizes = str(curve.iloc[0]["layout"]), curve["n"].unique()
        yield per_prompt(layout, sizes[0] if len(sizes) == 1 else None)
        separate = self.runs.loc[self.runs["layout"] == "separate", "n"]
        if layout == "separate" and len(sizes) == 1 and separate.nunique() > 1 and self._x != "n":
            yield f"n={sizes[0]}"


def curve_styles(names: Sequence[str], layouts: Sequence[str]) -> dict[str, SeriesStyle]:
    """A style for each curve, in the order of the runs.

    The first curve of a layout that texts per prompt alone name looks as the layout does elsewhere; where
    layouts are told apart, no other curve does.

    Args:
        names: the curve of each run.
        layouts: the layout of each run.
    """
    own: dict[str, str] = {}
    for name, layout in zip(names, layouts, strict=True):
        if "=" not in name and layout in FIXED and layout not in own.values():
            own.setdefault(name, layout)
    free = free_styles(list(FIXED.values()) if own or len(set(layouts)) > 1 else ())
    return {
        name: SeriesStyle(*FIXED[own[name]]) if name in own else next(free) for name in dict.fromkeys(names)
    }


def _usual(values: "pd.Series[str]") -> str | None:
    """The value that goes without saying; None where there is none."""
    if DEFAULT in set(values):
        return DEFAULT
    most = values.value_counts()
    return str(most.index[0]) if 2 * int(most.iloc[0]) > len(values) else None


def _short(name: str) -> str:
    """A key without its block."""
    return name.rpartition(".")[2]
