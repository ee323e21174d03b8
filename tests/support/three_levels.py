"""Equal runs on three levels (repeat, start, GPU), judged as today and as before: ``python -m tests.support.three_levels`` prints the table of docs/statistics_appendix.md."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from batchscope.statistics import intervals
from batchscope.statistics.intervals import Interval, Sample
from batchscope.statistics.replicates import CHANCE, Estimate, Replicates, Start, estimate, ratio
from batchscope.statistics.spread import BETWEEN_GPUS, BETWEEN_STARTS, Regime
from batchscope.statistics.steadiness import two_states

Noise = Callable[[np.random.Generator, int], np.ndarray]
"""Draws so many deviations of ln(seconds)."""

SEEN_ONCE: dict[Regime, float] = {"cpu": 0.3, "host": 0.01, "compute": 0.01}
"""The margins before: the largest differences ever seen between equal runs, by device alone; two GPUs: 3 %."""

SEEN_BETWEEN_GPUS = 0.03


def normal(sd: float) -> Noise:
    return lambda random, count: random.normal(0, sd, count)


def heavy(sd: float) -> Noise:
    """Student's t with 3 degrees of freedom, scaled to a standard deviation."""
    return lambda random, count: random.standard_t(3, count) * sd / math.sqrt(3)


def spikes(sd: float, share: float, size: float) -> Noise:
    """Now and then a repeat is slower; the mean is taken off, for it belongs to the truth."""
    return lambda random, count: (
        random.normal(0, sd, count) + size * (random.random(count) < share) - size * share
    )


def switching(sd: float, apart: float, stays: float) -> Noise:
    """Two states in turn, each as often: a pass stays in the state of the one before with this chance."""

    def draw(random: np.random.Generator, count: int) -> np.ndarray:
        changes = random.random(count) >= stays
        changes[0] = random.random() < 0.5
        return random.normal(0, sd, count) + apart * (np.cumsum(changes) % 2 - 0.5)

    return draw


def held(apart: float) -> Noise:
    """A state for each start, either as often."""
    return lambda random, count: apart * (random.integers(0, 2, count) - 0.5)


@dataclass(frozen=True)
class World:
    """Where equal runs are measured."""

    name: str
    regime: Regime
    repeat: Noise
    start: Noise
    gpu: Noise = field(default_factory=lambda: normal(BETWEEN_GPUS.sd))
    known: bool = True
    """whether the spread of starts is the documented one: then it is as uncertain as that says"""
    drift: float = 0.0
    """ln(seconds) by which each pass is slower than the one before: a random walk's step"""
    shared: bool = True
    """whether both runs are in the same starts, one pass of each in turn"""


def worlds() -> list[World]:
    """Each regime as it was found, and what else may be."""
    busy, idle, cpu = (BETWEEN_STARTS[name].sd for name in ("compute", "host", "cpu"))
    return [
        World("compute-bound", "compute", normal(0.002), normal(busy)),
        World("compute-bound, starts apart", "compute", normal(0.002), normal(busy), shared=False),
        World("twice the spread", "compute", normal(0.004), normal(2 * busy), shared=False, known=False),
        World("host-bound", "host", normal(0.15), normal(idle)),
        World("host-bound, starts apart", "host", normal(0.15), normal(idle), shared=False),
        World("processor", "cpu", normal(0.03), normal(cpu), shared=False),
        World("drift within starts", "compute", normal(0.002), normal(busy), drift=0.005),
        World("two states in turn", "host", switching(0.02, 0.37, 0.7), normal(0.02), known=False),
        World("two states, one a start", "host", normal(0.02), held(0.37), shared=False, known=False),
        World("heavy-tailed starts", "compute", normal(0.002), heavy(busy), shared=False),
        World("heavy-tailed repeats", "compute", heavy(0.01), normal(busy), shared=False),
        World("slow repeats now and then", "compute", spikes(0.002, 0.1, 0.1), normal(busy), shared=False),
    ]


def measured(world: World, random: np.random.Generator, gpus: int, starts: int, repeats: int):
    """Two equal runs: their ln(rate) by GPU, start and repeat (truth: 0), as nested lists of arrays."""
    pair: tuple[list, list] = ([], [])
    scale = _doubt(random, BETWEEN_STARTS[world.regime].freedom) if world.known else 1.0
    of_gpus = _doubt(random, BETWEEN_GPUS.freedom) * world.gpu(random, gpus) if gpus > 1 else [0.0]
    for of_gpu in of_gpus:
        both = scale * world.start(random, starts)
        for run in pair:
            of_starts = both if world.shared else scale * world.start(random, starts)
            run.append([of_gpu + each + world.repeat(random, repeats) for each in of_starts])
        if world.drift:
            _drift(world, random, [run[-1] for run in pair])
    return pair


def _doubt(random: np.random.Generator, freedom: float) -> float:
    """What the true spread may be, over one that was estimated with so many degrees of freedom."""
    return math.sqrt(freedom / random.chisquare(freedom))


def _drift(world: World, random: np.random.Generator, runs: list[list[np.ndarray]]) -> None:
    """Add a walk over a start's passes: of both runs in turn where they share it."""
    for passes in zip(*runs, strict=True):
        walk = np.cumsum(random.normal(0, world.drift, len(passes) * len(passes[0])))
        walk -= walk.mean()
        for place, of_run in enumerate(passes):
            np.add(of_run, walk[place :: len(passes)], out=of_run)


def replicates(world: World, run: list[list[np.ndarray]], owner: str) -> Replicates:
    """A run as the library takes it."""
    mine = "" if world.shared else owner
    starts = [
        Start(f"gpu{gpu}", f"{mine}{number}", sample(logs))
        for gpu, of_gpu in enumerate(run)
        for number, logs in enumerate(of_gpu)
    ]
    return Replicates(tuple(starts), world.regime)


def sample(logs: np.ndarray) -> Sample:
    return Sample(float(logs.mean()), float(logs.std(ddof=1)), len(logs))


@dataclass
class Score:
    """How two ways to judge did, in percent."""

    covered: float
    different: float
    old_covered: float
    old_different: float
    unsteady: float


def score(
    world: World, *, gpus: int, starts: int, repeats: int = 5, trials: int = 2_000, seed: int = 1
) -> Score:
    """Intervals that hold the truth, and equal runs that are called different: today, and as before.

    The old design had one start, whose repeats made the interval, and called different what is further apart
    than the largest difference seen. Runs in two states are left out of today's verdicts up to two starts.
    """
    random = np.random.default_rng(seed)
    found = np.array([_trial(world, measured(world, random, gpus, starts, repeats)) for _ in range(trials)])
    return Score(*(100 * found.mean(0)).tolist())


def _trial(world: World, pair: tuple[list, list]) -> tuple[bool, ...]:
    runs = [replicates(world, run, owner) for run, owner in zip(pair, "ab", strict=True)]
    marked = any(two_states(np.exp(-logs)) for run in pair for of_gpu in run for logs in of_gpu)
    old = [sample(run[0][0]) for run in pair]
    old_said = intervals.ratio(*old)
    margin = SEEN_ONCE[world.regime]
    left_out = marked and not runs[0].settled
    return (
        holds_one(estimate(runs[0])),
        not left_out and ratio(*runs).p < CHANCE,
        _holds(intervals.interval(old[0])),
        old_said.low > 1 + margin or old_said.high < 1 / (1 + margin),
        marked,
    )


def holds_one(found: Estimate) -> bool:
    return _holds(found.interval())


def _holds(found: Interval) -> bool:
    return found.low <= 1 <= found.high


DESIGNS = ((1, 1), (1, 3), (1, 6), (2, 3), (3, 3))
"""GPUs, and starts on each."""


def main() -> None:
    """Coverage of today's intervals and of the old ones, and how often equal runs are called different."""
    print(
        "| | GPUs x starts | truth covered | called different | before: covered | before: different | unsteady |"
    )
    print("|---|---|---:|---:|---:|---:|---:|")
    for world in worlds():
        for gpus, starts in DESIGNS:
            each = score(world, gpus=gpus, starts=starts, trials=2_000)
            print(
                f"| {world.name} | {gpus} x {starts} | {each.covered:.1f} % | {each.different:.1f} % "
                f"| {each.old_covered:.1f} % | {each.old_different:.1f} % | {each.unsteady:.0f} % |",
                flush=True,
            )


if __name__ == "__main__":
    main()
