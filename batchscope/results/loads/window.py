"""The parts of a load: how many requests were under way, and when that was steady.

A load begins with a ramp, in which the first requests find an idle server, or come all at once, and ends with
a drain, in which no further ones come. What lies between is its steady window.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from batchscope.statistics.blocks import ENOUGH

Times = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """Seconds from the first request's sending, and the requests that were answered in between."""

    start: float
    end: float
    answered: pd.DataFrame
    """rows of client.parquet, in the order of their last tokens"""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start


def steady_window(requests: pd.DataFrame) -> Window | None:
    """From when as many were answered as were at most under way, to the last answer before the last sending.

    By then no request is left of those that came at first, and each that is under way came into the crowd in
    which it is answered. None where fewer than `ENOUGH` requests were answered in between, such as of a load
    that is sent at once, or that is shorter than ten times what is under way.

    Args:
        requests: rows of client.parquet.
    """
    done = answered(requests)
    if done.empty:
        return None
    ends = ends_of(done)
    start = float(ends[most_under_way(requests) - 1])
    inside = (ends > start) & (ends <= done["sent_s"].max())
    if inside.sum() < ENOUGH:
        return None
    return Window(start, float(ends[inside][-1]), done[inside])


def answered(requests: pd.DataFrame) -> pd.DataFrame:
    """The requests that did not fail, in the order of their last tokens."""
    done = requests[requests["error"].isna()]
    order = np.argsort((done["sent_s"] + done["e2el_s"]).to_numpy(float), kind="stable")
    return done.iloc[order]


def ends_of(done: pd.DataFrame) -> Times:
    """When each request had its last token."""
    return (done["sent_s"] + done["e2el_s"]).to_numpy(float)


def most_under_way(requests: pd.DataFrame) -> int:
    """Most requests that were under way at once; of two things at the same moment an answer comes first."""
    _, under_way = _under_way(requests)
    return int(under_way.max(initial=0))


def mean_under_way(requests: pd.DataFrame, window: Window) -> float:
    """Requests that were under way, averaged over the window's time."""
    done = answered(requests)
    starts = done["sent_s"].to_numpy(float).clip(window.start, window.end)
    ends = ends_of(done).clip(window.start, window.end)
    return float((ends - starts).sum() / window.seconds)


def _under_way(requests: pd.DataFrame) -> tuple[Times, npt.NDArray[np.int64]]:
    """Moments at which a request is sent or answered, and how many are under way from then on."""
    done = answered(requests)
    times = np.concatenate([ends_of(done), done["sent_s"].to_numpy(float)])
    change = np.repeat([-1, 1], len(done))
    order = np.argsort(times, kind="stable")
    return times[order], np.cumsum(change[order])


def last_answer(requests: pd.DataFrame) -> float | None:
    """When the last token of all came; None where every request failed."""
    done = answered(requests)
    return None if done.empty else float(ends_of(done)[-1])
