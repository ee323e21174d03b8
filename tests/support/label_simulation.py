"""How often the interval of a difference covers the truth: the table in docs/labels.md.

``python -m tests.support.label_simulation`` prints it; it takes some minutes. Separate prompts are right on 90 % of
reviews. Packed ones answer 5 % of them otherwise; in *shifts* a share of prompts goes wrong at some place, and
from there on half of the labels are right by chance, as when one was left out.
"""

import numpy as np
import numpy.typing as npt

from batchscope.statistics import resampling

RUNS = 1_000
KINDS = {"none": 0.0, "in 30 %": 0.3, "in 70 %": 0.7}
Changes = npt.NDArray[np.int64]


def changes(rng: np.random.Generator, prompts: int, n: int, shifted: float) -> Changes:
    """Right in the packed run minus right in the separate one, for each prompt and review."""
    base = rng.random((prompts, n)) < 0.9
    run = np.where(rng.random((prompts, n)) < 0.05, ~base, base)
    start = np.where(rng.random(prompts) < shifted, rng.integers(0, n, prompts), n)
    behind = np.arange(n) >= start[:, None]
    run = np.where(behind, rng.random((prompts, n)) < 0.5, run)
    return run.astype(np.int64) - base


def covered(rng: np.random.Generator, prompts: int, n: int, shifted: float, *, whole: bool = True) -> str:
    """Share of the intervals that hold the true difference, of prompts drawn whole or of single reviews.

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
    print("| shifts | n |", " | ".join(f"{count} prompts" for count in counts), "|")
    for kind, shifted in KINDS.items():
        for n in (1, 4, 40, 400) if shifted == 0 else (4, 40, 400):
            found = [covered(rng, count, n, shifted) for count in counts]
            print(f"| {kind} | {n} |", " | ".join(found), "|", flush=True)
    print(
        "reviews drawn, in 30 %, n = 40:",
        *(covered(rng, count, 40, 0.3, whole=False) for count in (10, 20, 40)),
    )


if __name__ == "__main__":
    main()
