"""Whether requests pile up in an open loop: whether fewer are finished than come, and whether waits grow."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from batchscope.statistics.blocks import BLOCKS
from batchscope.statistics.event_rates import Times, around, rate_around, smooth_rates
from batchscope.statistics.intervals import Interval

NOTICED = 0.05
"""Seconds by which TTFT may grow in each second where a server keeps up: the interval's upper end."""

RAMP = 1 / 4
"""Share of the sending that is left out: a server that keeps up starts idle as well, and fills."""

ENOUGH = 100
"""Fewest requests for a verdict."""

FEWEST_LATER = 2 * BLOCKS
"""Of them after the ramp."""

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
    interval. A server that has more than it can do finishes evenly, whatever comes, so that a small lack is
    seen; one that has less to do follows what comes, which is uneven, and its interval is wide. Both are
    slopes of running counts (`event_rates`).

    Args:
        requests: rows of client.parquet.
    """
    done = requests[requests["error"].isna()].sort_values("sent_s", kind="stable")
    sent, ttft = done["sent_s"].to_numpy(float), done["ttft_s"].to_numpy(float)
    if len(done) < ENOUGH or sent[0] == sent[-1]:
        return None
    start, end = sent[0] + RAMP * (sent[-1] - sent[0]), sent[-1]
    if (later := sent >= start).sum() < FEWEST_LATER:
        return None
    came = smooth_rates(sent, start, end)
    finished = smooth_rates(np.sort(sent + done["e2el_s"].to_numpy(float)), start, end)
    return Queue(
        float(came.mean()),
        rate_around(float(finished.mean()), finished),
        _growth(sent[later], ttft[later]),
    )


def _growth(sent: Times, ttft: Times) -> Interval:
    """TTFT's slope from the first block of requests to the last; its interval: from each to the next."""
    at, wait = (np.array([block.mean() for block in np.array_split(each, BLOCKS)]) for each in (sent, ttft))
    return around(float((wait[-1] - wait[0]) / (at[-1] - at[0])), np.diff(wait) / np.diff(at))
