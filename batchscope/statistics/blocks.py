"""95 % intervals of figures of requests that queue: blocks of neighbours are drawn with replacement.

A request that waits makes those behind it wait, so that a thousand of them may tell as little as a hundred
independent ones. What is far enough apart is nearly independent: whole blocks of requests that were answered
one after the other are drawn. docs/serving.md says how often these intervals cover the truth.

Sources: Künsch, The Annals of Statistics 17 (1989), for drawing blocks; Politis and Romano, in Exploring
the Limits of Bootstrap (1992), for going on at the start where a block reaches the end; Schmeiser, Operations
Research 30 (1982), for few long blocks with Student's quantile instead of many short ones.
"""

import math
from collections.abc import Callable, Sequence
from statistics import fmean, stdev

import numpy as np
import numpy.typing as npt

from batchscope.statistics.intervals import Interval, half_width

Values = npt.NDArray[np.float64]

BLOCKS = 8
"""In which requests are drawn: more and shorter ones are not independent, fewer leave the spread open."""

ENOUGH = 5 * BLOCKS
"""Fewest requests for an interval."""

LEVEL = 0.97
"""Nominal level at which an interval covers about 95 %; by simulation (tests/support/queues.py)."""

PASSES = 3
"""From so many passes on an interval is that between them."""

RESAMPLES = 200
SEED = 0


def block_interval(figure: Callable[[Values], float], values: Values) -> Interval | None:
    """A figure above zero with its interval; None for fewer than `ENOUGH` values, or where it is 0.

    The interval is symmetric on the logarithm, for waits and rates are skewed to the right.

    Args:
        figure: the figure of any values like these, such as their median.
        values: of requests in their order; several columns are drawn together.
    """
    if len(values) < ENOUGH or (middle := figure(values)) <= 0:
        return None
    rng = np.random.default_rng(SEED)
    logs = [
        math.log(drawn) for _ in range(RESAMPLES) if (drawn := figure(values[_draw(len(values), rng)])) > 0
    ]
    half = _student() * math.sqrt(BLOCKS / (BLOCKS - 1)) * stdev(logs)
    return Interval(middle * math.exp(-half), middle, middle * math.exp(half))


def block_of(count: int) -> npt.NDArray[np.int64]:
    """The block of each of so many requests in their order, for figures that take groups."""
    return np.arange(count) * BLOCKS // max(count, 1)


def over_passes(passes: Sequence[Interval]) -> Interval:
    """One figure of several passes of equal work, such as with other seeds: their mean, with its interval.

    From `PASSES` on it is Student's interval of what the passes gave. Of fewer it is what they say of
    themselves, taken together as independent; it does not know what changes from pass to pass.
    """
    middles = [each.middle for each in passes]
    middle = fmean(middles)
    if len(passes) >= PASSES:
        half = half_width(middles)
        return Interval(middle - half, middle, middle + half)
    below, above = (
        math.hypot(*ends) / len(passes)
        for ends in (
            [each.middle - each.low for each in passes],
            [each.high - each.middle for each in passes],
        )
    )
    return Interval(middle - below, middle, middle + above)


def _draw(count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Places of as many values, in blocks of neighbours."""
    length = -(-count // BLOCKS)
    starts = rng.integers(count, size=BLOCKS)
    places: npt.NDArray[np.int64] = (starts[:, None] + np.arange(length)).ravel()[:count] % count
    return places


def _student() -> float:
    from scipy.special import stdtrit  # takes a second to import

    return float(stdtrit(BLOCKS - 1, (1 + LEVEL) / 2))
