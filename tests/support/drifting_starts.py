"""Equal runs of one engine while the machine drifts: ``python -m tests.support.drifting_starts`` prints the table of docs/statistics.md."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from batchscope.statistics.replicates import CHANCE, Replicates, Start, paired, ratio
from batchscope.statistics.spread import BETWEEN_STARTS

from .three_levels import holds_one, sample

RUNS, PASSES = 8, 5
"""Runs that share the engine, and passes of each in a start."""

NOISE, CLOCK = 0.002, 0.01
"""Standard deviation of a pass; and how far a machine's state moves, in ln(seconds)."""

Drift = Callable[[np.random.Generator, int, int], np.ndarray]
"""ln(seconds) that the machine adds to each pass: of so many starts (rows), of so many passes each."""

Order = Callable[[np.random.Generator, int], list[np.ndarray]]
"""Which run each pass of each start is of."""


def still(random: np.random.Generator, starts: int, passes: int) -> np.ndarray:
    return np.zeros((starts, passes))


def warming(random: np.random.Generator, starts: int, passes: int) -> np.ndarray:
    """In each start the same way: slower from pass to pass, by three times `CLOCK` in all."""
    return np.tile(np.linspace(0, 3 * CLOCK, passes), (starts, 1))


def wandering(random: np.random.Generator, starts: int, passes: int) -> np.ndarray:
    """A random walk over all passes of all starts, which goes on from start to start."""
    steps = random.normal(0, 2 * CLOCK / np.sqrt(passes), starts * passes)
    return np.cumsum(steps).reshape(starts, passes)


def worsening(random: np.random.Generator, starts: int, passes: int) -> np.ndarray:
    """From the first start to the last: all passes in one line."""
    return np.linspace(0, 5 * CLOCK, starts * passes).reshape(starts, passes)


def another_clock(random: np.random.Generator, starts: int, passes: int) -> np.ndarray:
    """Another clock from some pass of some start on, for good."""
    at = random.integers(starts * passes)
    return (3 * CLOCK * (np.arange(starts * passes) >= at)).reshape(starts, passes)


def clock_by_clock(random: np.random.Generator, starts: int, passes: int) -> np.ndarray:
    """In each start another clock from some pass on, which may be up or down."""
    at, size = random.integers(passes, size=(starts, 1)), random.normal(0, 2 * CLOCK, (starts, 1))
    return size * (np.arange(passes) >= at)


def in_file_order(random: np.random.Generator, starts: int) -> list[np.ndarray]:
    """All passes of one run, then of the next, in each start alike: how it was before."""
    return [np.repeat(np.arange(RUNS), PASSES)] * starts


def shuffled(random: np.random.Generator, starts: int) -> list[np.ndarray]:
    """All passes of one run, then of the next, in another random order in each start."""
    return [np.repeat(random.permutation(RUNS), PASSES) for _ in range(starts)]


def there_and_back(random: np.random.Generator, starts: int) -> list[np.ndarray]:
    """The same, and each second start goes through the order of the one before it backwards: how it is."""
    orders = shuffled(random, starts)
    return [orders[start - start % 2][:: -1 if start % 2 else 1] for start in range(starts)]


def pass_by_pass(random: np.random.Generator, starts: int) -> list[np.ndarray]:
    """One pass of each run in random order, then the next of each: what a job for each run cannot do."""
    return [np.concatenate([random.permutation(RUNS) for _ in range(PASSES)]) for _ in range(starts)]


DRIFTS: dict[str, Drift] = {
    "none": still,
    "warming in each start": warming,
    "a random walk": wandering,
    "slower from first to last": worsening,
    "another clock, once": another_clock,
    "another clock in each start": clock_by_clock,
}

ORDERS: dict[str, Order] = {
    "file's order": in_file_order,
    "shuffled": shuffled,
    "there and back": there_and_back,
    "pass by pass": pass_by_pass,
}


@dataclass(frozen=True)
class Score:
    """In percent, and the half-width of the median interval."""

    covered: float
    different: float
    half_width: float


def score(drift: Drift, order: Order, starts: int, trials: int = 2_000, seed: int = 1) -> Score:
    """Of two equal runs, drawn from those that share the engine: their ratio over starts."""
    random = np.random.default_rng(seed)
    found = [_trial(drift, order, starts, random) for _ in range(trials)]
    intervals = [each.interval() for each in found]
    return Score(
        100 * float(np.mean([holds_one(each) for each in found])),
        100 * float(np.mean([each.p < CHANCE for each in found])),
        100 * float(np.median([each.high / each.middle - 1 for each in intervals])),
    )


def _trial(drift: Drift, order: Order, starts: int, random: np.random.Generator):
    visits = np.array(order(random, starts))
    logs = random.normal(0, NOISE, visits.shape) + drift(random, *visits.shape)
    logs += random.normal(0, BETWEEN_STARTS["compute"].sd, (starts, 1))
    first, second = (_run(logs, visits, run) for run in random.choice(RUNS, 2, replace=False))
    assert paired(first, second)
    return ratio(first, second)


def _run(logs: np.ndarray, visits: np.ndarray, run: int) -> Replicates:
    starts = (
        Start("gpu", str(number), sample(passes[of == run]))
        for number, (passes, of) in enumerate(zip(logs, visits, strict=True))
    )
    return Replicates(tuple(starts), "compute")


def main() -> None:
    """Coverage, equal runs called different, and half-width in percent, by drift and order."""
    print(f"| drift | starts | {' | '.join(ORDERS)} |")
    print("|---|---:|" + "---:|" * len(ORDERS))
    for name, drift in DRIFTS.items():
        for starts in (3, 6):
            cells = [score(drift, order, starts) for order in ORDERS.values()]
            shown = [f"{each.covered:.1f}, {each.different:.1f}, {each.half_width:.2f}" for each in cells]
            print(f"| {name} | {starts} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
