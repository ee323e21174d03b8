"""Energy between two moments, from samples of counters that go on before and after."""

from collections.abc import Iterable

import numpy as np

Reading = tuple[int, float, float]
"""a GPU, when it was asked, and what its counter said then"""

ENERGY_FROM_S = 2.0
"""Seconds that a window must last to have an energy: the counter moves in steps of up to 0.1 s."""


def energy_between(readings: Iterable[Reading], start: float, end: float) -> float | None:
    """Joules that all GPUs took from ``start`` to ``end``; None without a counter, and for windows under 2 s.

    A counter is taken to rise evenly between two readings. Where readings begin later or end earlier than the
    window, what is outside of them is not counted.
    """
    counters: dict[int, list[tuple[float, float]]] = {}
    for gpu, time, joules in readings:
        counters.setdefault(gpu, []).append((time, joules))
    if not counters or end - start < ENERGY_FROM_S:
        return None
    return sum(_taken(readings, start, end) for readings in counters.values())


def _taken(readings: list[tuple[float, float]], start: float, end: float) -> float:
    times, joules = zip(*sorted(readings), strict=True)
    first, last = np.interp([start, end], times, joules)
    return float(last - first)
