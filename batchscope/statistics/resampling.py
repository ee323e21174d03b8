"""95 % intervals of figures of texts that share prompts: whole prompts are drawn with replacement.

The texts of one prompt are not right or wrong independently: a label too many or too few shifts all labels
behind it. docs/labels.md says how often these intervals cover the truth.

Sources: Efron and Tibshirani, An Introduction to the Bootstrap (1993), for the percentile interval, and
Hesterberg, The American Statistician 69 (2015), for widening it to what Student's t has for few units.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEVELS = {40: 0.95, 20: 0.975, 10: 0.985}
"""Nominal level at which an interval covers about 95 %, by the fewest prompts."""

ENOUGH_PROMPTS = min(LEVELS)
"""Fewest prompts for an interval."""

ENOUGH_DIFFERING = 6
"""Fewest prompts in which two runs differ, for an interval: resampling hardly ever draws a rare prompt.

With fewer separate prompts McNemar's test finds no difference either: with five, all to one side, p is 0.06.
"""

RESAMPLES = 5_000
RESAMPLES_OF_FIGURES = 1_000
"""Of figures that are no mean, each of which is computed again for every draw."""

SEED = 0

Weights = npt.NDArray[np.float64]
"""How often each text was drawn."""


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval; None with too few prompts for one."""

    value: float
    interval: tuple[float, float] | None


def resampled_interval(sums: npt.NDArray[np.float64], sizes: npt.NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of sum(sums) / sum(sizes) over units drawn with replacement: percentiles, widened.

    There must be `ENOUGH_PROMPTS` units.
    """
    from scipy.stats import bootstrap  # takes a second to import

    count = len(sums)

    def mean(
        sums: npt.NDArray[np.float64], sizes: npt.NDArray[np.float64], axis: int = -1
    ) -> npt.NDArray[np.float64]:
        return np.asarray(sums.sum(axis=axis) / sizes.sum(axis=axis))

    found = bootstrap(
        (sums, sizes),
        mean,
        paired=True,
        vectorized=True,
        method="percentile",
        confidence_level=1 - 2 * _tail(count),
        n_resamples=RESAMPLES,
        batch=max(1, 4_000_000 // count),  # 32 MB an array
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return float(found.low), float(found.high)


def estimates(
    figures: Callable[[Weights], Sequence[float]], prompts: npt.NDArray[np.int64]
) -> list[Estimate]:
    """Figures of weighted texts, each with its interval over prompts drawn with replacement.

    A figure that is undefined (NaN) in some draws has the interval of the others, and none where it is
    undefined as it was measured.

    Args:
        figures: the figures, given how often each text counts; all are computed in one call.
        prompts: the prompt of each text.
    """
    _, group = np.unique(prompts, return_inverse=True)
    count = int(group.max()) + 1 if len(group) else 0
    measured = figures(np.ones(len(group)))
    if count < ENOUGH_PROMPTS:
        return [Estimate(value, None) for value in measured]
    rng = np.random.default_rng(SEED)
    draws = np.array([
        figures(np.bincount(rng.integers(count, size=count), minlength=count)[group].astype(float))
        for _ in range(RESAMPLES_OF_FIGURES)
    ])  # fmt: skip
    tail = _tail(count)
    return [
        Estimate(value, None if math.isnan(value) else _ends(column, tail))
        for value, column in zip(measured, draws.T, strict=True)
    ]


def _ends(values: npt.NDArray[np.float64], tail: float) -> tuple[float, float]:
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _tail(count: int) -> float:
    """Share of draws to leave out at either end, given the number of prompts."""
    from scipy.special import ndtr, stdtrit

    level = next(level for least, level in LEVELS.items() if count >= least)
    # (1 - level) / 2 with many units
    return float(ndtr(-math.sqrt(count / (count - 1)) * stdtrit(count - 1, (1 + level) / 2)))
