"""Where each run of a study stands in its figure: its curve, its place along x, and what keeps runs apart."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

from batchscope.common.errors import UserError
from batchscope.config.studies import Study
from batchscope.reporting.figure import each_series
from batchscope.reporting.style import PAD, SeriesStyle
from batchscope.reporting.wording import show_setting
from batchscope.reports.study.curves import Curves, curve_styles
from batchscope.results.frames import cell_value, column_of

APART = 0.055
"""Distance between runs that share an x, as a share of the axis."""

MARGIN = 0.2
"""Free axis beside the first and the last place, as a share of the way between these."""

MOST_APART = 0.7
"""Runs that share an x spread over this share of the way to the next x at most."""


@dataclass(frozen=True)
class Sheet:
    """What every panel draws from: a study's runs with their place on the x axis."""

    runs: pd.DataFrame
    """rows of the runs frame with ``series`` (name of the curve), ``x`` (place) and ``at`` (moved aside)"""
    repeats: pd.DataFrame
    ticks: dict[float, str]
    numeric: bool
    """whether x is a number, so that a line may join runs"""
    logarithmic: bool
    xlabel: str
    styles: dict[str, SeriesStyle]
    """of each curve"""
    across: bool = False
    """whether runs from different environments are compared"""

    def each_series(self) -> Iterator[tuple[str, SeriesStyle, pd.DataFrame]]:
        """Name, style and runs of each curve, along x."""
        return each_series(self.runs, self.styles, along="x")


def arrange(name: str, study: Study, runs: pd.DataFrame, repeats: pd.DataFrame) -> Sheet:
    """Place each run on the x axis: at its number, or in a row where the values are not all numbers."""
    runs = runs.copy()
    values = _axis(name, "x", study.plot.x, runs)
    _axis(name, "series", study.plot.series, runs)
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    distinct = sorted(set(values)) if numeric else list(dict.fromkeys(values))
    logarithmic = numeric and distinct[0] > 0 and distinct[-1] / distinct[0] >= 5
    places = {value: value if numeric else index for index, value in enumerate(distinct)}
    curves = Curves(runs, study.plot, numeric)
    told = curves.ticks(values)
    runs["series"] = curves.names
    runs["x"] = [float(places[value]) for value in values]
    styles = curve_styles(list(runs["series"]), list(runs["layout"]))
    runs["at"] = _side_by_side(runs, list(styles), logarithmic)
    key = study.plot.x.rpartition(".")[2]
    return Sheet(
        runs=runs,
        repeats=repeats.merge(runs[["run", "at"]], on="run"),
        ticks={
            float(place): "\n".join([show_setting(value), *told.get(show_setting(value), [])])
            for value, place in places.items()
        },
        numeric=numeric,
        logarithmic=logarithmic,
        xlabel=_xlabel(key, runs),
        styles=styles,
    )


BROADEST = 0.095
"""Inches of a character in a name along x, of the broader ones."""


def in_lines(ticks: Mapping[float, str], inches: float) -> dict[float, str]:
    """Names along x in as many lines as keep them apart: broken after a space, comma, hyphen or underscore.

    Args:
        ticks: the name at each place; lines that it has already stay.
        inches: the axes' width.
    """
    share = min(1 / max(len(ticks) - 1, 1), 2 * MARGIN)  # to the next name; at the ends, to the edge and back
    room = share * inches / (1 + 2 * MARGIN)
    characters = max(int(room / BROADEST), 1)
    return {
        place: "\n".join(part for line in name.split("\n") for part in _broken(line, characters))
        for place, name in ticks.items()
    }


def _broken(line: str, characters: int) -> list[str]:
    lines = [""]
    for part in re.split(r"(?<=[_ ,-])", line):
        if lines[-1] and len(lines[-1] + part.rstrip()) > characters:
            lines.append("")
        lines[-1] += part
    return [each.rstrip() for each in lines]


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


def _side_by_side(runs: pd.DataFrame, curves: list[str], logarithmic: bool) -> list[float]:
    """Move runs that share an x a little aside, so that no point hides another."""
    places = sorted(set(runs["x"]))
    along = [math.log(x) for x in places] if logarithmic else places
    span = (along[-1] - along[0]) or 1.0
    if logarithmic:
        span += 2 * math.log(PAD)
    order = runs["series"].map({name: place for place, name in enumerate(curves)})
    turn = order.groupby(runs["x"]).rank(method="dense")
    most = turn.groupby(runs["x"]).transform("max")
    nearest = min((after - before for before, after in pairwise(along)), default=span)
    step = min(APART * span, MOST_APART * nearest / most.max())
    aside = step * (turn - (most + 1) / 2)
    return [x * math.exp(side) if logarithmic else x + side for x, side in zip(runs["x"], aside, strict=True)]
