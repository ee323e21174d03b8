"""Shares with their 95 % intervals, of observations that are independent and of ones that come in groups.

Sources: Wilson, JASA 22 (1927), for the score interval; Korn and Graubard, Survey Methodology 24 (1998), for
the effective number of observations that come in groups.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from batchscope.statistics.resampling import ENOUGH_PROMPTS, LEVELS

LEVEL = 0.95


@dataclass(frozen=True)
class Share:
    """Some of many, with Wilson's 95 % interval."""

    count: int
    total: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself, from 0 to 1."""
        return self.count / self.total


def share(count: int, total: int) -> Share:
    """The share of independent observations; ``total`` must not be 0."""
    from scipy.stats import binomtest  # takes a second to import

    found = binomtest(count, total).proportion_ci(method="wilson")
    return Share(count, total, float(found.low), float(found.high))


def grouped_share(hits: npt.NDArray[np.bool_], groups: npt.NDArray[np.int64]) -> Share:
    """The share of observations of which those of one group, such as a prompt, are alike.

    The interval is Wilson's for as many independent observations as would spread as much as the groups do,
    and wider where groups are few; without groups it is Wilson's. One group alone is one observation.

    Args:
        hits: what is counted, for each observation; there must be some.
        groups: the group of each observation.
    """
    count, total = int(hits.sum()), len(hits)
    if len(np.unique(groups)) == total:
        return share(count, total)
    return Share(count, total, *_wilson(count / total, _effective(hits, groups)))


def _effective(hits: npt.NDArray[np.bool_], groups: npt.NDArray[np.int64]) -> float:
    """How many independent observations tell as much as these, of which some share a group."""
    from scipy.special import ndtri, stdtrit

    _, group = np.unique(groups, return_inverse=True)
    total, number = len(hits), int(group.max()) + 1
    if number == 1:
        return 1.0
    middle = hits.mean()
    apart = np.bincount(group, weights=hits - middle)
    grouped = number / (number - 1) * float(apart @ apart)
    alone = total * middle * (1 - middle)  # both times total squared
    level = next((level for least, level in LEVELS.items() if number >= least), LEVELS[ENOUGH_PROMPTS])
    few = (ndtri((1 + LEVEL) / 2) / stdtrit(number - 1, (1 + level) / 2)) ** 2
    return float(total * few / max(1.0, grouped / alone if alone else 1.0))


def _wilson(middle: float, total: float) -> tuple[float, float]:
    """Ends of the score interval; ``total`` need not be whole."""
    from scipy.special import ndtri

    z = float(ndtri((1 + LEVEL) / 2))
    centre = middle + z * z / (2 * total)
    half = z * math.sqrt(middle * (1 - middle) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    low, high = (centre - half) / scale, (centre + half) / scale
    return (0.0 if middle == 0 else max(0.0, low)), (1.0 if middle == 1 else min(1.0, high))
