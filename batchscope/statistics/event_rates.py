"""How many events a second there are, such as answers, with a 95 % interval.

An engine step answers many requests at once, so that a block of time holds a step more or less by chance, and
what one block holds too many the next one lacks. Means of the running count do not jump with a step; the
interval comes from their differences from block to block. Of a sum of independent parts these have two
thirds of the variance of the parts (Working, Econometrica 28, 1960), which is put right.
"""

import math

import numpy as np
import numpy.typing as npt

from batchscope.statistics.blocks import BLOCKS
from batchscope.statistics.intervals import Interval, half_width

Times = npt.NDArray[np.float64]

POINTS = 40
"""Moments of each block of time at which events are counted."""

OF_MEANS = math.sqrt(3 / 2)
"""How much wider the interval of the differences of means must be."""


def rate_interval(times: Times, start: float, end: float) -> Interval:
    """Events a second, with its interval.

    Args:
        times: of all events, in order.
        start: an event's time; this one is not counted, so that a step at either end is counted once.
        end: another's, which is counted.
    """
    inside = np.searchsorted(times, [start, end], side="right")
    return rate_around(float(np.diff(inside)[0]) / (end - start), smooth_rates(times, start, end))


def rate_around(middle: float, rates: Times) -> Interval:
    """A rate with its interval, from the rates of `smooth_rates`; no end of it is below 0."""
    found = around(middle, OF_MEANS * rates)
    return Interval(max(found.low, 0.0), found.middle, found.high)


def smooth_rates(times: Times, start: float, end: float) -> Times:
    """Events a second from each of `BLOCKS` blocks of time to the next."""
    width = (end - start) / BLOCKS
    moments = start + width * (np.arange(BLOCKS * POINTS) + 0.5) / POINTS
    counts = np.searchsorted(times, moments, side="right").reshape(BLOCKS, POINTS).mean(axis=1)
    rates: Times = np.diff(counts) / width
    return rates


def around(middle: float, steps: Times) -> Interval:
    """A mean of steps, with Student's interval of how much they differ."""
    half = half_width(steps.tolist())
    return Interval(middle - half, middle, middle + half)
