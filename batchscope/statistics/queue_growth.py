"""Whether requests pile up in an open loop: how fast TTFT grows while they are sent."""

from dataclasses import dataclass

import pandas as pd
from scipy.stats import theilslopes

NOTICED = 0.05
"""Seconds by which TTFT must surely grow in each second of sending, before requests are said to pile up."""


ENOUGH, MOST = 20, 1000
"""Requests below which no trend is told, and of which it is told at most: its cost is their square."""


@dataclass(frozen=True)
class Trend:
    """By how many seconds TTFT grows in a second of sending, with its 95 % interval.

    A server that finishes m of r requests a second makes each wait longer by r / m - 1 than the one that came
    a second before; one that keeps up makes none.
    """

    low: float
    middle: float
    high: float

    @property
    def piles_up(self) -> bool:
        """Whether more requests come than are finished: longer sending would only make them wait longer."""
        return self.low > NOTICED


def trend(requests: pd.DataFrame) -> Trend | None:
    """TTFT's trend over an open loop's second half; None where that has too few requests.

    The first half is left out, for there a server that keeps up gets its first work. Theil (1950) and Sen
    (1968): the median of all pairs' slopes, which single slow requests do not move.
    """
    done = requests[requests["error"].isna()].sort_values("sent_s", kind="stable")
    later = done.iloc[len(done) // 2 :]
    later = later.iloc[:: -(-len(later) // MOST) or 1]
    if len(later) < ENOUGH or later["sent_s"].nunique() < 2:
        return None
    found = theilslopes(later["ttft_s"].to_numpy(float), later["sent_s"].to_numpy(float), 0.95)
    return Trend(float(found.low_slope), float(found.slope), float(found.high_slope))
