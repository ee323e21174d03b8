"""Where each run of a study stands in its figure: series, places along x, and what keeps them apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pandas as pd

from batchscope.common.errors import UserError
from batchscope.config.studies import Study
from batchscope.reporting.figure import each_series
from batchscope.reporting.style import FIXED, MARKERS, PAD, PALETTE, SeriesStyle
from batchscope.reporting.wording import show_setting, varying
from batchscope.results.frames import cell_value, column_of

APART = 0.055
"""Distance between runs that share an x, as a share of the axis."""


@dataclass(frozen=True)
class Sheet:
    """What every panel draws from: a study's runs with their place on the x axis."""

    runs: pd.DataFrame
    """rows of the runs frame with ``series``, ``x`` (place), ``at`` (moved aside for its series)
    and ``apart``: what sets a run apart from the others of its series; no line joins it to them"""
    repeats: pd.DataFrame
    ticks: dict[float, str]
    numeric: bool
    """whether x is a number, so that a line may join runs"""
    logarithmic: bool
    xlabel: str
    styles: dict[str, SeriesStyle]
    series: str
    """the setting that tells the series apart"""
    across: bool = False
    """whether runs from different environments are compared"""

    def each_series(self) -> Iterator[tuple[str, SeriesStyle, pd.DataFrame]]:
        """Name, style and runs of each series, along x."""
        return each_series(self.runs, self.styles, along="x")


def arrange(name: str, study: Study, runs: pd.DataFrame, repeats: pd.DataFrame) -> Sheet:
    """Place each run on the x axis: at its number, or in a row where the values are not all numbers."""
    runs = runs.copy()
    values = _axis(name, "x", study.plot.x, runs)
    runs["series"] = [show_setting(value) for value in _axis(name, "series", study.plot.series, runs)]
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    distinct = sorted(set(values)) if numeric else list(dict.fromkeys(values))
    logarithmic = numeric and distinct[0] > 0 and distinct[-1] / distinct[0] >= 5
    places = {value: value if numeric else index for index, value in enumerate(distinct)}
    runs["x"] = [float(places[value]) for value in values]
    styles = _styles(list(dict.fromkeys(runs["series"])))
    runs["at"] = _side_by_side(runs, list(styles), logarithmic)
    runs["apart"] = _set_apart(runs, {column_of(study.plot.x), column_of(study.plot.series)})
    key = study.plot.x.rpartition(".")[2]
    return Sheet(
        runs=runs,
        repeats=repeats.merge(runs[["run", "at"]], on="run"),
        ticks={float(place): show_setting(value) for value, place in places.items()},
        numeric=numeric,
        logarithmic=logarithmic,
        xlabel=_xlabel(key, runs),
        styles=styles,
        series=study.plot.series.rpartition(".")[2],
    )


def _xlabel(key: str, runs: pd.DataFrame) -> str:
    """What is along x; n of separate prompts is how many there are of them, and no more than 1 a prompt."""
    if key != "n":
        return key
    alone = (runs.loc[runs["layout"] == "separate", "n"] == 1).all()
    return "texts per prompt (n)" if alone else "n: texts in one prompt, or in n prompts"


def _axis(study: str, role: str, key: str, runs: pd.DataFrame) -> list[Any]:
    column = column_of(key)
    if column not in runs and key.startswith("engine."):
        return [None] * len(runs)  # an argument that no run sets: all have vLLM's default
    if column not in runs:
        known = [
            name for name in runs.columns if name in ("layout", "n", "texts") or name.startswith("engine.")
        ]
        raise UserError(f"studies.{study}.plot.{role}: no run has '{key}'; there are {', '.join(known)}")
    return [cell_value(value) for value in runs[column]]


def _styles(series: list[str]) -> dict[str, SeriesStyle]:
    taken = {FIXED[name] for name in series if name in FIXED}
    free = cycle(pair for pair in zip(PALETTE, MARKERS, strict=True) if pair not in taken)
    return {name: SeriesStyle(*(FIXED.get(name) or next(free))) for name in series}


def _set_apart(runs: pd.DataFrame, drawn: set[str]) -> list[str]:
    """What tells a run from others of its series at the same x; nothing for those that are as most are."""
    settings = [name for name in varying(runs) if name not in drawn | {"layout"}]
    texts = pd.Series(
        [
            ", ".join(f"{name.rpartition('.')[2]}={show_setting(run[name])}" for name in settings)
            for _, run in runs.iterrows()
        ],
        index=runs.index,
    )
    apart = pd.Series("", index=runs.index)
    for _, series in runs.groupby("series", sort=False):
        (usual, count), *_ = texts[series.index].value_counts().items()
        odd = series["x"].duplicated(keep=False) & (texts[series.index] != usual)
        if 2 * int(count) > len(series):
            apart[odd[odd].index] = texts[odd[odd].index]
    return list(apart)


def _side_by_side(runs: pd.DataFrame, series: list[str], logarithmic: bool) -> list[float]:
    """Move runs that share an x a little aside, so that no point hides another."""
    crowded = runs.groupby("x")["series"].transform("nunique") > 1
    middle = (len(series) - 1) / 2
    aside = [(series.index(name) - middle) * many for name, many in zip(runs["series"], crowded, strict=True)]
    if logarithmic:
        step = (PAD * PAD * runs["x"].max() / runs["x"].min()) ** APART
        return [x * step**side for x, side in zip(runs["x"], aside, strict=True)]
    span = runs["x"].max() - runs["x"].min() or 1.0
    return [x + APART * span * side for x, side in zip(runs["x"], aside, strict=True)]
