"""How often the interval of a difference covers the truth: the table in docs/labels.md.

``python -m tests.label_simulation`` prints it; it takes some minutes. Separate prompts are right on 90 % of
reviews. Packed ones answer 5 % of them otherwise; in *shifts* a share of prompts goes wrong at some place, and
from there on half of the labels are right by chance, as when one was left out.
"""

import numpy as np
import numpy.typing as npt

from batchscope.analysis import accuracy

RUNS = 1_000
KINDS = {"none": 0.0, "shifts in 30 %": 0.3, "shifts in 70 %": 0.7}
Changes = npt.NDArray[np.int64]


def changes(rng: np.random.Generator, prompts: int, n: int, shifted: float) -> Changes:
    """Right in the packed run minus right in the separate one, for each prompt and review."""
    base = rng.random((prompts, n)) < 0.9
    run = np.where(rng.random((prompts, n)) < 0.05, ~base, base)
    start = np.where(rng.random(prompts) < shifted, rng.integers(0, n, prompts), n)
    behind = np.arange(n) >= start[:, None]
    run = np.where(behind, rng.random((prompts, n)) < 0.5, run)
    return run.astype(np.int64) - base


def covered(rng: np.random.Generator, prompts: int, n: int, shifted: float) -> float:
    """Share of runs whose interval holds the true difference."""
    truth = np.mean([changes(rng, 2_000, n, shifted).mean() for _ in range(100)])
    hits = 0
    for _ in range(RUNS):
        drawn = changes(rng, prompts, n, shifted)
        low, high = accuracy.resampled_interval(drawn.sum(axis=1).astype(float), np.full(prompts, float(n)))
        hits += low <= truth <= high
    return hits / RUNS


def main() -> None:
    """Print coverage by kind, n and number of prompts."""
    rng = np.random.default_rng(0)
    counts = (10, 15, 20, 40, 100)
    print("| kind | n |", " | ".join(f"{count} prompts" for count in counts), "|")
    for kind, shifted in KINDS.items():
        for n in (4, 40, 400):
            found = [f"{100 * covered(rng, count, n, shifted):.1f} %" for count in counts]
            print(f"| {kind} | {n} |", " | ".join(found), "|", flush=True)


if __name__ == "__main__":
    main()
