"""Synthetic runs under the stop rule, many at once: ``python -m tests.support.simulation`` prints the tables of docs/statistics_appendix.md."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from batchscope.statistics.intervals import LEVEL, LEVELS, RATIO_LEVELS, half_width_factors

NOISE = ("normal", "lognormal")
CVS = (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1)
PRECISION = 0.02


@dataclass
class Ended:
    """Many runs after their last repeat: of each the log mean, log sd, count, half-width and ending."""

    mean: np.ndarray
    sd: np.ndarray
    count: np.ndarray
    half: np.ndarray
    ending: np.ndarray


def seconds(noise: str, cv: float, shape: tuple[int, int], seed: int) -> np.ndarray:
    """Repeats (rows are runs) whose median is 1 and whose standard deviation is ``cv`` of the mean."""
    random = np.random.default_rng(seed)
    if noise == "normal":
        return np.maximum(random.normal(1, cv, shape), 0.01)
    return random.lognormal(0, np.sqrt(np.log1p(cv**2)), shape)


def moments(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the first 1, 2, ... of each row."""
    count = np.arange(1, logs.shape[1] + 1)
    mean = np.cumsum(logs, 1) / count
    squares = np.cumsum(logs**2, 1) - count * mean**2
    return mean, np.sqrt(np.maximum(squares, 0) / np.maximum(count - 1, 1))


def run_all(times: np.ndarray, first: int = 3, cap: int = 10, budget: float = np.inf) -> Ended:
    """Apply the stop rule to every row; ``budget`` in units of a repeat's median."""
    factors = half_width_factors(first, cap)
    mean, sd = moments(np.log(times[:, :cap]))
    over = np.cumsum(times[:, :cap], 1) >= budget
    mean, sd, over = (each[:, first - 1 :] for each in (mean, sd, over))
    precise = np.expm1(np.array(factors["look"]) * sd) <= PRECISION
    precise[:, -1] = False
    over[:, -1] = True
    look = (precise | over).argmax(1)
    row = np.arange(len(times))
    ending = np.where(precise[row, look], np.where(look == 0, "first", "between"), "last")
    half = np.where(ending == "last", np.array(factors["last"])[look], np.array(factors["look"])[look])
    return Ended(mean[row, look], sd[row, look], look + first, half * sd[row, look], ending)


def plain(times: np.ndarray, first: int = 3, cap: int = 10) -> tuple[float, float]:
    """Coverage in % and mean count where the plain 95 % interval stops and reports: what peeking costs."""
    mean, sd = moments(np.log(times[:, :cap]))
    count = np.arange(first, cap + 1)
    half = stdtrit(count - 1, (1 + LEVEL) / 2) / np.sqrt(count) * sd[:, first - 1 :]
    stop = np.expm1(half) <= PRECISION
    stop[:, -1] = True
    look, row = stop.argmax(1), np.arange(len(times))
    return covered(mean[:, first - 1 :][row, look], half[row, look]), float(count[look].mean())


def covered(mean: np.ndarray, half: np.ndarray) -> float:
    """Percent of intervals that hold the true log, 0."""
    return float(100 * np.mean(np.abs(mean) <= half))


def ratio_coverage(a: Ended, b: Ended) -> float:
    """Percent of the ratios' intervals that hold 1, as `batchscope.statistics.intervals.ratio` makes them."""
    errors = a.sd**2 / a.count, b.sd**2 / b.count
    freedom = sum(errors) ** 2 / (errors[0] ** 2 / (a.count - 1) + errors[1] ** 2 / (b.count - 1))
    levels = [np.vectorize(RATIO_LEVELS.get)(each.ending) for each in (a, b)]
    half = stdtrit(freedom, (1 + np.maximum(*levels)) / 2) * np.sqrt(sum(errors))
    return covered(a.mean - b.mean, half)


def main() -> None:
    """Print coverage of runs and of ratios, in percent; 200,000 runs for each figure, 40,000 for the ratios."""
    print(
        "| noise | CV | plain: covered | repeats | calibrated: covered | repeats |\n|---|---:|---:|---:|---:|---:|"
    )
    for noise in NOISE:
        for cv in CVS:
            times = seconds(noise, cv, (200_000, 10), seed=1)
            without, ended = plain(times), run_all(times)
            print(
                f"| {noise} | {cv:.1%} | {without[0]:.1f} % | {without[1]:.1f} "
                f"| {covered(ended.mean, ended.half):.1f} % | {ended.count.mean():.1f} |"
            )
    print("\nother first looks and caps: smallest and largest coverage over CV and noise")
    for first, cap, budget in ((3, 4, np.inf), (3, 5, np.inf), (3, 20, np.inf), (3, 50, np.inf), (5, 10, np.inf),
                               (5, 20, np.inf), (10, 20, np.inf), (3, 10, 2), (3, 10, 4.5), (3, 10, 6.5)):  # fmt: skip
        found = [run_all(seconds(n, cv, (50_000, cap), 2), first, cap, budget) for n in NOISE for cv in CVS]
        shares = [covered(each.mean, each.half) for each in found]
        print(f"first {first}, cap {cap}, budget {budget}: {min(shares):.1f} to {max(shares):.1f}")
    print("\nratios: smallest, mean and largest coverage over all pairs of CV")
    for noise in NOISE:
        for first, cap in ((3, 5), (3, 10), (3, 20), (5, 10)):
            runs = [[run_all(seconds(noise, cv, (40_000, cap), s), first, cap) for cv in CVS] for s in (3, 4)]
            shares = [ratio_coverage(a, b) for a in runs[0] for b in runs[1]]
            print(f"{noise} {first} {cap}: {min(shares):.1f} {np.mean(shares):.1f} {max(shares):.1f}")
    fixed = [seconds(noise, cv, (200_000, 3), 5) for noise in NOISE for cv in CVS]
    shares = []
    for times in fixed:
        mean, sd = moments(np.log(times))
        shares.append(covered(mean[:, -1], stdtrit(2, (1 + LEVELS["fixed"]) / 2) / np.sqrt(3) * sd[:, -1]))
    print(f"\nexactly 3 repeats, no rule: {min(shares):.1f} to {max(shares):.1f}")
    spikes = np.random.default_rng(6)
    for share, size in ((0.05, 0.2), (0.2, 0.05)):
        times = seconds("normal", 0.005, (100_000, 10), 7)
        times *= 1 + size * (spikes.random(times.shape) < share)
        ended = run_all(times)
        print(
            f"{share:.0%} of repeats {size:.0%} slower: median covered in {covered(ended.mean, ended.half):.1f} %"
        )
        ended.mean -= np.log1p(size) * share
        print(f"   geometric mean covered in {covered(ended.mean, ended.half):.1f} %")
    drift = seconds("normal", 0.005, (100_000, 10), 8)
    steps = np.cumsum(np.random.default_rng(9).normal(0, 0.005, drift.shape), 1)
    ended = run_all(drift * np.exp(steps))
    print(f"random walk of 0.5 % a repeat: {covered(ended.mean, ended.half):.1f} %")


if __name__ == "__main__":
    main()
