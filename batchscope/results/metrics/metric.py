"""What a metric is: a figure of one repeat, with all that is needed to show and to explain it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
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
    """whether the 95 % interval stands behind the median, where there are repeats enough for one"""
    beside_published: bool = False
    """whether the published figure has a column of its own, under the same heading"""

    def text(self, value: float) -> str:
        """A value as the column shows it; empty for NaN."""
        return "" if pd.isna(value) else f"{100 * value if self.percent else value:,.{self.digits}f}"


@dataclass(frozen=True)
class Metric:
    """A figure of one repeat; a run's is the median of its repeats' (`summarise`)."""

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
        text, low, high = (self.column.text(run[f"{self.name}{part}"]) for part in ("", "_low", "_high"))
        return f"{text} ({low} to {high})" if self.column.interval and low else text


@dataclass(frozen=True)
class Summary:
    """A metric over the repeats of one run: median, and the interval where there are repeats enough."""

    median: float
    interval: Interval | None


def summarise(values: Sequence[float], ending: Ending = "fixed") -> Summary | None:
    """Median of the repeats' values with the 95 % interval; None without repeats or where one has none.

    Args:
        values: the metric's value in each repeat.
        ending: how the repeats ended, on which the interval's width depends.
    """
    if not values or any(map(math.isnan, values)):
        return None
    found = sample(values, ending)
    return Summary(median(values), interval(found) if found else None)
