"""Whether requests pile up in an open loop: how fast TTFT grows while they are sent."""

from dataclasses import dataclass

import pandas as pd

NOTICED = 0.05
"""Seconds that TTFT must surely grow by in each second of sending before requests are said to pile up."""


ENOUGH, MOST = 20, 1000
"""Fewest requests for a trend, and most that it is computed from: the cost grows with their square."""


@dataclass(frozen=True)
class Trend:
    """Seconds by which TTFT grows in each second of sending, with its 95 % interval.

    If r requests come in a second and a server finishes m of them, a request waits r / m - 1 seconds longer
    than one that came a second earlier. With a server that keeps up, TTFT does not grow.
    """

    low: float
    middle: float
    high: float

    @property
    def piles_up(self) -> bool:
        """Whether more requests come than are finished, so that they wait longer and longer."""
        return self.low > NOTICED


def trend(requests: pd.DataFrame) -> Trend | None:
    """TTFT's trend over the second half of an open loop; None where that half has too few requests.

    In the first half TTFT grows for a server that keeps up as well, because it starts idle. The slope is that
    of Theil (1950) and Sen (1968), the median slope of all pairs, which a few slow requests do not move.

    Args:
        requests: rows of client.parquet.
    """
    done = requests[requests["error"].isna()].sort_values("sent_s", kind="stable")
    later = done.iloc[len(done) // 2 :]
    later = later.iloc[:: -(-len(later) // MOST) or 1]
    if len(later) < ENOUGH or later["sent_s"].nunique() < 2:
        return None
    from scipy.stats import theilslopes  # takes a second to import

    found = theilslopes(later["ttft_s"].to_numpy(float), later["sent_s"].to_numpy(float), 0.95)
    return Trend(float(found.low_slope), float(found.slope), float(found.high_slope))
