"""How often the intervals of accuracy and of a difference cover the truth: the tables in docs/labels.md.

``python -m tests.support.label_simulation`` prints them; it takes some minutes. Separate prompts are right on 90 % of
texts. Packed ones answer 5 % of them otherwise; in *shifts* a share of prompts goes wrong at some place, and
from there on half of the labels are right by chance, as when one was left out.
"""

import numpy as np
import numpy.typing as npt

from batchscope.statistics import resampling
from batchscope.statistics.shares import grouped_share

RUNS = 1_000
KINDS = {"none": 0.0, "in 30 %": 0.3, "in 70 %": 0.7}
Changes = npt.NDArray[np.int64]


def changes(rng: np.random.Generator, prompts: int, n: int, shifted: float) -> Changes:
    """Right in the packed run minus right in the separate one, for each prompt and text."""
    base = rng.random((prompts, n)) < 0.9
    return right(rng, base, shifted).astype(np.int64) - base


def right(rng: np.random.Generator, base: npt.NDArray[np.bool_], shifted: float) -> npt.NDArray[np.bool_]:
    """Whether the packed run is right, for each prompt and text, given whether the separate one is."""
    prompts, n = base.shape
    run = np.where(rng.random((prompts, n)) < 0.05, ~base, base)
    start = np.where(rng.random(prompts) < shifted, rng.integers(0, n, prompts), n)
    behind = np.arange(n) >= start[:, None]
    return np.where(behind, rng.random((prompts, n)) < 0.5, run)


def covered_accuracy(rng: np.random.Generator, prompts: int, n: int, shifted: float) -> str:
    """Share of the intervals of the packed run's accuracy that hold the true one."""

    def drawn(count: int) -> npt.NDArray[np.bool_]:
        return right(rng, rng.random((count, n)) < 0.9, shifted)

    truth = np.mean([drawn(2_000).mean() for _ in range(100)])
    groups = np.repeat(np.arange(prompts), n)
    found = [grouped_share(drawn(prompts).ravel(), groups) for _ in range(RUNS)]
    return f"{100 * np.mean([each.low <= truth <= each.high for each in found]):.1f} %"


def covered(rng: np.random.Generator, prompts: int, n: int, shifted: float, *, whole: bool = True) -> str:
    """Share of the intervals that hold the true difference, of prompts drawn whole or of single texts.

    Runs in which hardly any prompt differs have no interval; there must be one in an eighth of them.
    """
    truth = np.mean([changes(rng, 2_000, n, shifted).mean() for _ in range(100)])
    hits = []
    for _ in range(RUNS if whole else RUNS // 4):
        drawn = changes(rng, prompts, n, shifted)
        if np.count_nonzero(drawn.sum(axis=1)) < resampling.ENOUGH_DIFFERING:
            continue
        units = drawn if whole else drawn.reshape(-1, 1)
        sizes = np.full(len(units), float(units.shape[1]))
        low, high = resampling.resampled_interval(units.sum(axis=1).astype(float), sizes)
        hits.append(low <= truth <= high)
    return f"{100 * np.mean(hits):.1f} %" if len(hits) > RUNS / 8 else ""


def main() -> None:
    """Print coverage by kind, n and number of prompts."""
    rng = np.random.default_rng(0)
    counts = (10, 15, 20, 40, 100)
    print("accuracy:")
    for kind, shifted in KINDS.items():
        for n in (1, 4, 40, 400) if shifted == 0 else (4, 40, 400):
            found = [covered_accuracy(rng, count, n, shifted) for count in counts]
            print(f"| {kind} | {n} |", " | ".join(found), "|", flush=True)
    print("difference:")
    rng = np.random.default_rng(0)
    print("| shifts | n |", " | ".join(f"{count} prompts" for count in counts), "|")
    for kind, shifted in KINDS.items():
        for n in (1, 4, 40, 400) if shifted == 0 else (4, 40, 400):
            found = [covered(rng, count, n, shifted) for count in counts]
            print(f"| {kind} | {n} |", " | ".join(found), "|", flush=True)
    print(
        "texts drawn, in 30 %, n = 40:",
        *(covered(rng, count, 40, 0.3, whole=False) for count in (10, 20, 40)),
    )


if __name__ == "__main__":
    main()
