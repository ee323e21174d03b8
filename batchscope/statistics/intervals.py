"""From the repeats of one engine start to intervals and ratios; pure functions.

What they promise, and what only more starts can (`batchscope.statistics.replicates`): docs/statistics.md.

All intervals are computed on the natural logarithms of the repeats' values. Times are skewed to the right and
stay above zero, and noise multiplies them by a factor. A throughput is work over seconds, so its interval is
that of the seconds, inverted. A ratio of two runs is a difference of logarithms. The middle of an interval is
the geometric mean; with repeats that spread by 5 % it is 0.1 % below the mean.

The stop rule (`batchscope.worker.engine.repeat_stop_rule`) looks at a run after each repeat and ends it when
its spread happens to look small. At worst the plain 95 % interval then covers the truth in only 91 % of
runs. So the rule and the intervals use wider quantiles, which depend on where the repeats ended: `LEVELS`
for one run, `RATIO_LEVELS` for the ratio of two. They were calibrated by simulation
(tests/support/simulation.py) and cover the truth in 94 to 97 % of runs.

Sources: Student, Biometrika 6 (1908); Welch, Biometrika 34 (1947), and Satterthwaite, Biometrics Bulletin 2
(1946), for unequal variances; Chow and Robbins, Annals of Mathematical Statistics 36 (1965), for stopping at
a wanted width; Georges, Buytaert and Eeckhout, OOPSLA 2007, and Kalibera and Jones, ISMM 2013, for run times.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

ENOUGH = 3
"""Repeats below which no interval is given: that of two is 13 standard errors wide to each side."""

LEVEL = 0.95

DRIFT = 0.01
"""Change from the first repeat to the last, as a share, below which there is no trend."""

Ending = Literal["fixed", "first", "between", "last"]
"""How a run's repeats ended. ``fixed``: as many as asked for, no stop rule; ``first``: precise at the
rule's first look; ``between``: precise at a later look; ``last``: at the cap or the budget."""

LEVELS: dict[Ending, float] = {"fixed": LEVEL, "first": 0.96, "between": 0.985, "last": 0.965}
"""Nominal level at which a run's interval covers 95 %."""

RATIO_LEVELS: dict[Ending, float] = {"fixed": LEVEL, "first": LEVEL, "between": 0.985, "last": 0.96}
"""The same for the ratio of two runs, for which the higher level of the two counts."""


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Sample:
    """A run's repeats: how many, the mean and standard deviation of their logarithms, and how they ended."""

    log_mean: float
    log_sd: float
    count: int
    ending: Ending = "fixed"


def t_factor(count: int, level: float = LEVEL) -> float:
    """Half-width of the Student-t interval of a mean, in standard deviations: t / sqrt(count)."""
    return _quantile(count - 1, level) / math.sqrt(count)


def half_width(values: Sequence[float], level: float = LEVEL) -> float:
    """Half-width of the Student-t interval of the values' mean, in their unit; needs at least two values."""
    return t_factor(len(values), level) * stdev(values)


def half_width_factors(first: int, cap: int) -> dict[str, list[float]]:
    """The stop rule's factors (`t_factor`) for ``first``, ``first + 1``, ... ``cap`` repeats.

    Returns:
        ``look``: for a look that ends the repeats if they are precise. ``last``: for repeats that end at the
        cap or the budget. Both are rounded, so that a new version of scipy makes no run stale.
    """
    counts = range(first, cap + 1)
    look = [LEVELS["first"]] + [LEVELS["between"]] * (cap - first)
    return {
        "look": [round(t_factor(count, level), 6) for count, level in zip(counts, look, strict=True)],
        "last": [round(t_factor(count, LEVELS["last"]), 6) for count in counts],
    }


def ending_of(reason: str | None, count: int, first: int) -> Ending:
    """The ending, from ``stopped.reason`` in measurement.json (None: there was no stop rule)."""
    if reason in ("cap", "budget"):
        return "last"
    if reason != "precision":
        return "fixed"
    return "first" if count <= first else "between"


def sample(values: Sequence[float], ending: Ending = "fixed") -> Sample | None:
    """Repeats of one run as a sample; None where they are too few for an interval, or not all above zero."""
    if len(values) < ENOUGH or min(values) <= 0:
        return None
    logs = [math.log(value) for value in values]
    return Sample(fmean(logs), stdev(logs), len(logs), ending)


def interval(repeats: Sample) -> Interval:
    """Geometric mean of a run's repeats with its 95 % interval, in the values' unit."""
    return _from_logs(repeats.log_mean, t_factor(repeats.count, LEVELS[repeats.ending]) * repeats.log_sd)


def ratio(run: Sample, base: Sample) -> Interval:
    """Run over base, for runs measured one after the other: Welch's t interval of the logarithms' difference.

    Degrees of freedom: (a + b)^2 / (a^2 / (n_a - 1) + b^2 / (n_b - 1)), a and b the squared standard errors
    (Satterthwaite).
    """
    a, b = (each.log_sd**2 / each.count for each in (run, base))
    if a + b == 0:
        return _from_logs(run.log_mean - base.log_mean, 0)
    freedom = (a + b) ** 2 / (a**2 / (run.count - 1) + b**2 / (base.count - 1))
    level = max(RATIO_LEVELS[run.ending], RATIO_LEVELS[base.ending])
    return _from_logs(run.log_mean - base.log_mean, _quantile(freedom, level) * math.sqrt(a + b))


def paired_ratio(values: Sequence[float], base: Sequence[float]) -> Interval:
    """Values over base, for repeats that took turns (A B A B ...): Student's t interval of the log ratios.

    A slow drift, such as that of a warming GPU's clock, is in both values of a pair and cancels out. The
    number of pairs must be fixed beforehand.
    """
    logs = [math.log(mine / its) for mine, its in zip(values, base, strict=True)]
    return _from_logs(fmean(logs), half_width(logs))


def trends(values: Sequence[float], chance: float = 0.02) -> bool:
    """Whether repeats rise or fall on the whole, by more than `DRIFT`: no interval holds for such a run.

    Mann's test (Econometrica 13, 1945): Kendall's tau against time, with its exact distribution, at the level
    ``chance``. It can find a trend from 5 repeats on.
    """
    if len(values) < ENOUGH or abs(math.log(values[-1] / values[0])) < math.log1p(DRIFT):
        return False
    from scipy.stats import kendalltau

    return bool(kendalltau(range(len(values)), values).pvalue < chance)


def _quantile(freedom: float, level: float) -> float:
    """Two-sided quantile of Student's t: ``level`` of the distribution lies between -t and t."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))


def _from_logs(middle: float, half: float) -> Interval:
    return Interval(math.exp(middle - half), math.exp(middle), math.exp(middle + half))
