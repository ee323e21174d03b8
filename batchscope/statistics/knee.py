"""Where a closed loop's throughput stops rising with the load: its knee."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from batchscope.statistics.intervals import Interval

BUSY = 0.9
"""Share of a sweep's highest throughput; beyond it more load brings little but longer waiting."""


@dataclass(frozen=True)
class Knee:
    """Between which loads the knee is, as places among the points: the same one twice where it is known."""

    first: int
    """the first that may reach `BUSY` of the highest throughput"""
    last: int
    """the first that surely does"""
    points: int
    """how many there are"""

    @property
    def passed(self) -> bool:
        """Whether the sweep went beyond it: else more load may bring more."""
        return self.last < self.points - 1


def knee(throughput: Sequence[Interval]) -> Knee:
    """The knee among points of rising load.

    Args:
        throughput: of each point, in any unit, above zero; at least one.
    """
    highest = max(throughput, key=lambda each: each.middle)
    shares = [_share(each, highest) for each in throughput]
    first = next(place for place, share in enumerate(shares) if share.high >= BUSY)
    last = next(place for place, share in enumerate(shares) if share.low >= BUSY)
    return Knee(first, last, len(shares))


def _share(one: Interval, highest: Interval) -> Interval:
    """Of the highest, as independent figures; the highest's own is 1."""
    if one is highest:
        return Interval(1.0, 1.0, 1.0)
    middle = one.middle / highest.middle
    half = math.hypot(_spread(one), _spread(highest))
    return Interval(middle * math.exp(-half), middle, middle * math.exp(half))


def _spread(one: Interval) -> float:
    """Half-width as a share; of an interval that is not symmetric the wider half."""
    return max(one.high - one.middle, one.middle - one.low) / one.middle
