"""Whether requests pile up in an open loop: whether fewer are finished than come, and whether waits grow."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from batchscope.statistics.blocks import BLOCKS
from batchscope.statistics.intervals import LEVEL, Interval

Times = npt.NDArray[np.float64]

NOTICED = 0.05
"""Seconds by which TTFT may grow in each second of sending, at the interval's end, for a server that keeps up."""

RAMP = 1 / 4
"""Share of the sending that is left out: a server that keeps up starts idle as well, and fills."""

ENOUGH = 100
"""Fewest requests for a verdict."""

POINTS = 40
"""Moments of each block at which requests are counted, so that an engine step that ends many does not matter."""

Verdict = Literal["keeps up", "piles up", "not settled"]


@dataclass(frozen=True)
class Queue:
    """What came and what was finished meanwhile, both 1/s, and by how much TTFT grew, s/s.

    If r requests come in a second and a server finishes m of them, a request waits r / m - 1 seconds longer
    than one that came a second earlier. With a server that keeps up, TTFT does not grow.
    """

    came: float
    finished: Interval
    growth: Interval

    @property
    def verdict(self) -> Verdict:
        """Piles up: surely fewer are finished than come. Keeps up: not that, and waits surely hardly grow."""
        if self.came > self.finished.high:
            return "piles up"
        return "keeps up" if self.growth.high < NOTICED else "not settled"


def queue(requests: pd.DataFrame) -> Queue | None:
    """An open loop's queue, from the first quarter of the sending on; None for fewer than `ENOUGH` requests.

    When requests come is chosen, so what came is known exactly, chance included; only what is finished has an
    interval. It comes from how much successive blocks of time differ. A server that has more than it can do
    finishes evenly, whatever comes, so that a small lack is seen; one that has less follows what comes, which is
    uneven, and no lack is seen. Neighbouring blocks share a boundary, so differences of their means are taken: of
    a sum of independent parts these have two thirds of the variance (Working, Econometrica 28, 1960).

    Args:
        requests: rows of client.parquet.
    """
    done = requests[requests["error"].isna()].sort_values("sent_s", kind="stable")
    sent, ttft = done["sent_s"].to_numpy(float), done["ttft_s"].to_numpy(float)
    if len(done) < ENOUGH or sent[0] == sent[-1]:
        return None
    start, end = sent[0] + RAMP * (sent[-1] - sent[0]), sent[-1]
    came, finished = (
        _rates(times, start, end) for times in (sent, np.sort(sent + done["e2el_s"].to_numpy(float)))
    )
    later = sent >= start
    if later.sum() < 2 * BLOCKS:
        return None
    return Queue(
        float(came.mean()),
        _interval(float(finished.mean()), (3 / 2) ** 0.5 * finished),
        _growth(sent[later], ttft[later]),
    )


def _rates(times: Times, start: float, end: float) -> Times:
    """Events a second, from each block of time to the next; ``times``: of all events, in order."""
    width = (end - start) / BLOCKS
    moments = start + width * (np.arange(BLOCKS * POINTS) + 0.5) / POINTS
    counts = np.searchsorted(times, moments, side="right").reshape(BLOCKS, POINTS).mean(axis=1)
    rates: Times = np.diff(counts) / width
    return rates


def _growth(sent: Times, ttft: Times) -> Interval:
    """TTFT's slope from block to block of requests; of its middle only the ends count."""
    at, wait = (np.array([block.mean() for block in np.array_split(each, BLOCKS)]) for each in (sent, ttft))
    return _interval(float((wait[-1] - wait[0]) / (at[-1] - at[0])), np.diff(wait) / np.diff(at))


def _interval(middle: float, steps: Times) -> Interval:
    """A mean of steps with Student's interval."""
    from scipy.special import stdtrit  # takes a second to import

    half = float(stdtrit(len(steps) - 1, (1 + LEVEL) / 2) * steps.std(ddof=1) / np.sqrt(len(steps)))
    return Interval(middle - half, middle, middle + half)
