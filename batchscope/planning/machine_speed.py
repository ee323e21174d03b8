"""How fast this machine is at this moment, beside the one on which the tables of seconds were made.

That one has two cores of an AMD EPYC; its best moments count as 1. What other programs take is part of what
is measured here: it will slow the sweep down as well. One core of plain Python stands for everything:
products of matrices on all cores took forty times as long beside other programs, and an engine only twice.
"""

import time
from collections.abc import Callable

ONE_CORE = 38.0
"""How often a second the reference machine does `_count`."""

SAMPLE_S = 0.6
"""Seconds that measuring takes."""


def measure_speed() -> float:
    """This machine's speed: 1 is the reference machine, 2 is twice as fast."""
    return rate(_count) / ONE_CORE


def rate(work: Callable[[], object], seconds: float = SAMPLE_S) -> float:
    """How often a second the work is done, over so many seconds; at least once."""
    done, start = 0, time.perf_counter()
    while not done or time.perf_counter() < start + seconds:
        work()
        done += 1
    return done / (time.perf_counter() - start)


def _count() -> int:
    return sum(number * number for number in range(200_000))
