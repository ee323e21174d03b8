"""What comes out again: intervals over engine starts and GPUs, of which the repeats of a start make the mean.

A run's ln(rate) is taken to be a mean, plus what its GPU adds, plus what the engine start adds, plus what the
single repeat adds (a random-effects model). The uppermost level that has several units is the one whose means
count: GPUs where there are three, else starts. Three units or more speak for themselves, by Student's t of
their means. Fewer are helped by the spread that equal work had elsewhere (`batchscope.statistics.spread`), as
so many further degrees of freedom; one start alone has nothing but that. docs/statistics.md has the figures.

Sources: Kalibera and Jones, ISMM 2013, for repeats inside of starts; Satterthwaite, Biometrics Bulletin 2
(1946), for sums of variances; Smyth, Statistical Applications in Genetics 3 (2004), for the spread from
elsewhere; Holm, Scandinavian Journal of Statistics 6 (1979), for several comparisons.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, variance

from batchscope.statistics.intervals import LEVEL, LEVELS, Interval, Sample
from batchscope.statistics.spread import BETWEEN_GPUS, BETWEEN_STARTS, Regime

ENOUGH_UNITS = 3
"""Starts, or GPUs, from which on their own spread is all that counts."""

CHANCE = 0.04
"""The level of verdicts: below 5 %, so that no regime of the simulation has 5 % of equal runs told apart."""


@dataclass(frozen=True)
class Start:
    """The repeats of a run in one engine start."""

    gpu: str
    name: str
    """of the start; runs that shared it have the same one"""
    repeats: Sample


@dataclass(frozen=True)
class Replicates:
    """A run, in all of its engine starts."""

    starts: tuple[Start, ...]
    regime: Regime

    @property
    def gpus(self) -> frozenset[str]:
        """The GPUs that it was measured on."""
        return frozenset(start.gpu for start in self.starts)

    @property
    def settled(self) -> bool:
        """Whether the starts are enough to know their spread from themselves."""
        return len(self.starts) >= ENOUGH_UNITS


@dataclass(frozen=True)
class Estimate:
    """A mean of logarithms, with the variance of that mean and how well it is known."""

    mean: float
    variance: float
    freedom: float

    def interval(self) -> Interval:
        """The geometric mean with its 95 % interval."""
        half = _quantile(self.freedom) * math.sqrt(self.variance)
        return Interval(math.exp(self.mean - half), math.exp(self.mean), math.exp(self.mean + half))

    @property
    def p(self) -> float:
        """Two-sided p of the mean being 0: of a ratio being 1."""
        if self.variance == 0:
            return 0.0 if self.mean else 1.0
        from scipy.special import stdtr

        return float(2 * stdtr(self.freedom, -abs(self.mean) / math.sqrt(self.variance)))


def estimate(run: Replicates) -> Estimate:
    """What the run would be on another start; with several GPUs, on another GPU of the kind."""
    means = _on_gpus(run)
    if len(means) >= ENOUGH_UNITS:
        return _of_units(means)
    return _sum(fmean(means), [_starts_part(run), *_own_gpus_part(run)])


def within_start(repeats: Sample) -> Estimate:
    """How well a start's mean is known from its repeats.

    Repeats that a stop rule ended look quieter than they are (`intervals.LEVELS`): so much is added.
    """
    freedom = repeats.count - 1
    wider = _quantile(freedom, LEVELS[repeats.ending]) / _quantile(freedom)
    return Estimate(repeats.log_mean, wider**2 * repeats.log_sd**2 / repeats.count, freedom)


def ratio(run: Replicates, base: Replicates) -> Estimate:
    """Run over base, as they would come out again.

    What a GPU or a start does to both runs drops out: where both were on the same three GPUs or more, these
    are pairs; where they were in the same three starts or more, starts are. Different GPUs add their spread.
    """
    shift = fmean(_on_gpus(run)) - fmean(_on_gpus(base))
    if run.gpus == base.gpus and len(run.gpus) >= ENOUGH_UNITS:
        return _of_units([mine - its for mine, its in zip(_on_gpus(run), _on_gpus(base), strict=True)])
    if paired(run, base):
        pairs = _differences(run, base)
        return _sum(shift, [_starts_part(pairs), *_uneven_gpus_part(pairs)])
    if run.gpus == base.gpus:
        return _sum(shift, [_starts_part(run), _starts_part(base)], _most_freedom(run, base))
    parts = [estimate(run), estimate(base), *_single_gpus_part(run, base)]
    return _sum(shift, parts, _most_freedom(run, base))


def paired(run: Replicates, base: Replicates) -> bool:
    """Whether both were in the same starts, and in enough of them."""
    mine, its = ({(start.gpu, start.name) for start in each.starts} for each in (run, base))
    return mine == its and run.settled


def holm(chances: Sequence[float]) -> list[float]:
    """The p values of comparisons made together, each larger, so that one false claim among all is rare."""
    order = sorted(range(len(chances)), key=chances.__getitem__)
    adjusted, least = [0.0] * len(chances), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(chances) - rank) * chances[place]))
        adjusted[place] = least
    return adjusted


def _differences(run: Replicates, base: Replicates) -> Replicates:
    """Run minus base in each start that they shared."""
    its = {(start.gpu, start.name): start.repeats for start in base.starts}
    return replace(
        run,
        starts=tuple(
            replace(
                start,
                repeats=replace(
                    start.repeats,
                    log_mean=start.repeats.log_mean - its[start.gpu, start.name].log_mean,
                ),
            )
            for start in run.starts
        ),
    )


def _on_gpus(run: Replicates) -> list[float]:
    """The mean of the starts on each GPU, in the order of the GPUs' names."""
    return [fmean(each.repeats.log_mean for each in starts) for starts in _by_gpu(run)]


def _by_gpu(run: Replicates) -> list[list[Start]]:
    return [[start for start in run.starts if start.gpu == gpu] for gpu in sorted(run.gpus)]


def _of_units(means: Sequence[float]) -> Estimate:
    """The mean of three units or more, by their own spread."""
    return Estimate(fmean(means), variance(means) / len(means), len(means) - 1)


def _starts_part(run: Replicates) -> Estimate:
    """What starts add to the variance of the mean of GPUs' means."""
    groups = _by_gpu(run)
    squares, own = _within_groups(groups)
    documented = BETWEEN_STARTS[run.regime]
    elsewhere = documented.freedom if _leans(run) else 0.0
    repeats = fmean(within_start(start.repeats).variance for start in run.starts)
    freedom = elsewhere + own
    of_a_start = (elsewhere * (documented.sd**2 + repeats) + squares) / freedom
    shares = fmean(1 / len(starts) for starts in groups) / len(groups)
    return Estimate(0, of_a_start * shares, freedom)


def _within_groups(groups: Sequence[Sequence[Start]]) -> tuple[float, int]:
    """Sum of squares of the starts of each GPU around their mean, and its degrees of freedom."""
    means = [[start.repeats.log_mean for start in starts] for starts in groups]
    squares = sum((each - fmean(group)) ** 2 for group in means for each in group)
    return squares, sum(len(group) - 1 for group in means)


def _own_gpus_part(run: Replicates) -> list[Estimate]:
    """What two GPUs add: the spread of their kind, and their own beyond what starts explain."""
    means = _on_gpus(run)
    if len(means) == 1:
        return []
    own = max(0.0, variance(means) - len(means) * _starts_part(run).variance)
    freedom = BETWEEN_GPUS.freedom + 1
    pooled = (BETWEEN_GPUS.freedom * BETWEEN_GPUS.sd**2 + own) / freedom
    return [Estimate(0, pooled / len(means), freedom)]


def _uneven_gpus_part(pairs: Replicates) -> list[Estimate]:
    """What two GPUs add to pairs: nothing where they agree; their own difference beyond what starts explain.

    Mostly a GPU does the same to both runs. Where it does not, two GPUs are all there is to know it from.
    """
    means = _on_gpus(pairs)
    if len(means) == 1:
        return []
    own = variance(means) - len(means) * _starts_part(pairs).variance
    return [Estimate(0, own / len(means), len(means) - 1)] if own > 0 else []


def _single_gpus_part(*runs: Replicates) -> list[Estimate]:
    """The spread of GPUs, once for each run that was on one alone."""
    alone = sum(len(run.gpus) == 1 for run in runs)
    return [Estimate(0, alone * BETWEEN_GPUS.sd**2, BETWEEN_GPUS.freedom)] if alone else []


def _most_freedom(*runs: Replicates) -> float:
    """Of a sum: a documented spread that both runs lean on was estimated once."""
    own = sum(_within_groups(_by_gpu(run))[1] for run in runs)
    leaning = [BETWEEN_STARTS[run.regime].freedom for run in runs if _leans(run)]
    return min(leaning) + own if leaning else math.inf


def _leans(run: Replicates) -> bool:
    """Whether a run's starts are too few to speak for themselves."""
    return _within_groups(_by_gpu(run))[1] < ENOUGH_UNITS - 1


def _sum(mean: float, parts: Sequence[Estimate], most: float = math.inf) -> Estimate:
    """An estimate whose variance is the sum of several, with Satterthwaite's degrees of freedom."""
    total = sum(part.variance for part in parts)
    if total == 0:
        return Estimate(mean, 0, 1)
    freedom = total**2 / sum(part.variance**2 / part.freedom for part in parts)
    return Estimate(mean, total, min(freedom, most))


def _quantile(freedom: float, level: float = LEVEL) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))
