"""Speeds against each other, by the rule of all claims: it would come out again on another engine start."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from batchscope.results.comparison import likely, ratio
from batchscope.statistics.intervals import Interval
from batchscope.statistics.replicates import CHANCE, holm

NEAR = 0.05
"""Share by which speeds may differ and still count as the same: nobody changes a setup for less."""


@dataclass(frozen=True)
class Compared:
    """One run over another one."""

    ratio: Interval
    """as it would come out again; without repeats enough both ends are those of nothing known"""
    p: float
    """that equal runs look so; 1 where repeats are too few"""
    spread: float | None
    """what engine starts differ by in 95 % of cases, as a share; None: not known"""


def compare(run: "pd.Series[Any]", base: "pd.Series[Any]") -> Compared:
    """A run's speed over a base's."""
    here = ratio(run, base)
    if here.interval is None or run["unsteady"] or base["unsteady"]:
        return Compared(Interval(0.0, float(here.middle), float("inf")), 1.0, None)
    found = likely(run, base)
    return Compared(found.estimate.interval(), found.estimate.p, found.spread)


def conclusive(found: Sequence[Compared]) -> list[bool]:
    """Which of comparisons that are made together would come out again."""
    return [chance < CHANCE for chance in holm([each.p for each in found])]


def is_near(found: Interval) -> bool:
    """Whether the whole interval is so close to 1 that it does not matter."""
    return found.low > 1 / (1 + NEAR) and found.high < 1 + NEAR


def is_known(found: Interval) -> bool:
    """Whether it is an interval at all."""
    return found.low > 0
