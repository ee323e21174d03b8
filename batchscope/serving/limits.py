"""Where a server breaks: the knee of a closed loop, and the rate at which an open one piles up; pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

KEEPS_UP = 0.9
"""Of the requests that come while the load lasts, a server that keeps up finishes at least this share."""

ENOUGH = 20
"""Requests in the second half of the sending, below which nothing is said."""


@dataclass(frozen=True)
class Backlog:
    """The second half of the sending: how many requests came, and how many were finished meanwhile."""

    sent: int
    finished: int

    @property
    def piles_up(self) -> bool:
        """Whether more came than the server got rid of: longer sending would only make latencies longer."""
        return self.finished < KEEPS_UP * self.sent


def backlog(requests: pd.DataFrame) -> Backlog | None:
    """What an open loop's second half shows; None where it has too few requests.

    The first half is left out: at its beginning nothing can be finished yet.
    """
    sent = np.sort(requests["sent_s"].to_numpy(float))
    if len(sent) < 2 * ENOUGH:
        return None
    half, end = sent[len(sent) // 2], sent[-1]
    finished = (requests["sent_s"] + requests["e2el_s"]).to_numpy(
        float
    )  # NaN, which is in no interval: failed
    return Backlog(
        int(((sent > half) & (sent <= end)).sum()), int(((finished > half) & (finished <= end)).sum())
    )


def knee(throughput: Sequence[float], latency: Sequence[float]) -> int:
    """Which of the points, in the order of rising load, is the knee: where throughput / latency is highest.

    That is Kleinrock's power (ICC 1979): before it more load buys throughput cheaply, behind it mostly waiting.
    """
    return int(np.argmax(np.asarray(throughput, float) / np.asarray(latency, float)))
