"""Speeds against each other, by the rule of all claims: it would come out again on another engine start."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from batchscope.reporting.claims import FEW, Doubt, doubt_of
from batchscope.results.comparison import Likely, likely, on_two_gpus, ratio
from batchscope.statistics.intervals import Interval
from batchscope.statistics.replicates import holm

NEAR = 0.05
"""Share by which speeds may differ and still count as the same: nobody changes a setup for less."""


@dataclass(frozen=True)
class Compared:
    """One run over another one."""

    ratio: Interval
    """as it would come out again; without repeats enough both ends are those of nothing known"""
    likely: Likely | None
    """the same with all that it rests on; None: steady repeats are too few"""
    two_gpus: bool
    """whether the two are known to have been on different GPUs"""

    @property
    def p(self) -> float:
        """That equal runs look so; 1 where repeats are too few."""
        return self.likely.estimate.p if self.likely else 1.0


def compare(run: "pd.Series[Any]", base: "pd.Series[Any]") -> Compared:
    """A run's speed over a base's."""
    here = ratio(run, base)
    if here.interval is None or run["unsteady"] or base["unsteady"]:
        return Compared(Interval(0.0, float(here.middle), float("inf")), None, False)
    found = likely(run, base)
    return Compared(found.estimate.interval(), found, on_two_gpus(run, base))


def doubts_of(found: Sequence[Compared]) -> list[Doubt | None]:
    """Why each of comparisons that are made together is not claimed; None where it would come out again."""
    return [
        doubt_of(each.likely, adjusted, len(found), two_gpus=each.two_gpus) if each.likely else FEW
        for each, adjusted in zip(found, holm([each.p for each in found]), strict=True)
    ]


def is_near(found: Interval) -> bool:
    """Whether the whole interval is so close to 1 that it does not matter."""
    return found.low > 1 / (1 + NEAR) and found.high < 1 + NEAR


def is_known(found: Interval) -> bool:
    """Whether it is an interval at all."""
    return found.low > 0
