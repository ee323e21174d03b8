"""What a metric is: a figure of one repeat, with all that is needed to show and to explain it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, geometric_mean
from typing import Any, Literal

import pandas as pd

from batchscope.results.published.offline import PublishedRun
from batchscope.results.records import Repeat, RunRecord
from batchscope.statistics.intervals import Ending, Interval, interval, sample


@dataclass(frozen=True)
class Column:
    """A metric's column in the table of a study."""

    place: int
    """columns stand in the order of their places; gaps are left for further ones"""
    heading: str
    digits: int = 2
    """decimals shown"""
    percent: bool = False
    """whether a share is shown in percent"""
    interval: bool = False
    """whether the 95 % interval stands behind the mean, where there are repeats enough for one"""
    beside_published: bool = False
    """whether the published figure has a column of its own, under the same heading"""

    def text(self, value: float, half_width: float = math.nan) -> str:
        """A value as the column shows it; empty for NaN.

        Of a value that is not known to its last decimal, two digits of the half-width of its interval are
        shown, and no decimal behind them.
        """
        if pd.isna(value):
            return ""
        scale = 100 if self.percent else 1
        return f"{scale * value:,.{_decimals(scale * half_width, self.digits)}f}"


def _decimals(half_width: float, most: int) -> int:
    """Decimals that show two digits of a half-width; ``most`` where it is not known, or nothing."""
    if pd.isna(half_width) or half_width <= 0:
        return most
    return min(most, max(0, 1 - math.floor(math.log10(half_width))))


@dataclass(frozen=True)
class Metric:
    """A figure of one repeat; a run's is the geometric mean of its repeats' (`summarise`)."""

    name: str
    """column of the frames, beside ``<name>_low`` and ``<name>_high``"""
    label: str
    """heading of a panel or an axis"""
    unit: str
    formula: str
    """in words, from what a repeat counts"""
    source: str
    """whose definition it is"""
    of: Callable[[RunRecord, Repeat], float]
    """NaN where the figure is not known; then the run has none"""
    better: Literal["higher", "lower"] = "higher"
    published: Callable[[PublishedRun], float] | None = None
    """the same figure from a row of the published table"""
    reproduced: bool = False
    """whether the published figure has digits enough for a ratio: requests/s stands there as 0.04"""
    column: Column | None = None
    """its column in the table of a study; None: it is in the files alone"""
    of_labels: bool = False
    """whether it is made of labels, so that with random weights it says nothing"""

    def cell(self, run: "Mapping[str, Any] | pd.Series[Any]") -> str:
        """What the table of a study shows of it for one row of the runs frame; empty without a column."""
        if self.column is None:
            return ""
        ends = [run[f"{self.name}{part}"] for part in ("_low", "_high")]
        half_width = (ends[1] - ends[0]) / 2
        text, low, high = (self.column.text(value, half_width) for value in (run[self.name], *ends))
        return f"{text} ({low} to {high})" if self.column.interval and low else text


@dataclass(frozen=True)
class Summary:
    """A metric over the repeats of one run: the mean, and the interval where there are repeats enough."""

    middle: float
    """geometric mean, which the interval is around; the mean where a repeat has 0 or less"""
    interval: Interval | None


def summarise(values: Sequence[float], ending: Ending = "fixed") -> Summary | None:
    """Mean of the repeats' values with the 95 % interval; None without repeats or where one has none.

    Args:
        values: the metric's value in each repeat.
        ending: how the repeats ended, on which the interval's width depends.
    """
    if not values or any(map(math.isnan, values)):
        return None
    middle = geometric_mean(values) if min(values) > 0 else fmean(values)
    found = sample(values, ending)
    return Summary(middle, interval(found) if found else None)
