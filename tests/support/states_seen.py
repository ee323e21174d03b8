"""What three starts cannot see: of the simulation's cells with too little coverage, how many runs show their trouble.

``python -m tests.support.states_seen`` prints the table of docs/statistics_appendix.md.
"""

from dataclasses import dataclass

import numpy as np
from support.three_levels import World, holds_one, measured, replicates, worlds

from batchscope.statistics.replicates import estimate
from batchscope.statistics.steadiness import two_states

HARD = ("two states in turn", "two states, one a start", "slow repeats now and then")


@dataclass(frozen=True)
class Seen:
    """Shares in percent; NaN of none."""

    covered: float
    marked: float
    """runs whose passes, or starts, fall into two groups (`two_states`)"""
    covered_if_marked: float
    covered_if_not: float


def seen(world: World, starts: int, *, repeats: int = 5, trials: int = 2_000, seed: int = 1) -> Seen:
    random = np.random.default_rng(seed)
    found = np.array([_trial(world, random, starts, repeats) for _ in range(trials)])
    covered, marked = found[:, 0], found[:, 1]
    parts = [covered, marked, covered[marked], covered[~marked]]
    return Seen(*(100 * float(part.mean()) if len(part) else float("nan") for part in parts))


def _trial(world: World, random: np.random.Generator, starts: int, repeats: int) -> tuple[bool, bool]:
    (run, _) = measured(world, random, 1, starts, repeats)
    passes = [logs for of_gpu in run for logs in of_gpu]
    means = np.exp([-float(logs.mean()) for logs in passes])
    marked = any(two_states(np.exp(-logs)) for logs in passes) or two_states(means)
    return holds_one(estimate(replicates(world, run, "a"))), marked


def main() -> None:
    print("| equal runs | starts | truth covered | marked | covered if marked | covered if not |")
    print("|---|---:|---:|---:|---:|---:|")
    for world in worlds():
        if world.name in HARD:
            for starts in (3, 6, 10):
                each = seen(world, starts)
                cells = (each.covered, each.marked, each.covered_if_marked, each.covered_if_not)
                print(
                    f"| {world.name} | {starts} | {' | '.join(f'{cell:.1f}' for cell in cells)} |", flush=True
                )


if __name__ == "__main__":
    main()
