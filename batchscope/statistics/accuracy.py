"""How right a run's labels are, and whether another run's are righter; pure statistics on rows of labels.

Each review counts once: as it was answered in the first repeat, at its first submission. Duplicates and
repeats ask the same again and nearly always get the same answer, so they say nothing new about a model's
accuracy. A missing label counts as wrong. docs/labels.md says what the intervals assume.

Sources: Wilson, JASA 22 (1927), for shares; McNemar, Psychometrika 12 (1947), with the exact binomial
distribution; Efron and Tibshirani, An Introduction to the Bootstrap (1993), for the percentile interval, and
Hesterberg, The American Statistician 69 (2015), for widening it to what Student's t has for few units.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit
from scipy.stats import binomtest, bootstrap, norm

NONE = "none"
"""The answer of a review that has no label."""

MOST_BINS = 10
ENOUGH_REVIEWS = 30
"""Reviews that a bin of positions must hold. With fewer, the interval at 70 % is 34 points wide or more."""

LEVELS = {40: 0.95, 20: 0.975, 10: 0.985}
"""Nominal level at which the interval of a difference covers about 95 %, by the fewest prompts."""

ENOUGH_PROMPTS = min(LEVELS)
"""Fewest prompts for an interval of a difference."""

ENOUGH_DIFFERING = 6
"""Fewest prompts in which the two runs differ, for an interval: resampling hardly ever draws a rare prompt.

With fewer separate prompts McNemar's test finds no difference either: with five, all to one side, p is 0.06.
"""

RESAMPLES = 5_000
SEED = 0


@dataclass(frozen=True)
class Share:
    """Some of many, with Wilson's 95 % interval."""

    count: int
    total: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself, from 0 to 1."""
        return self.count / self.total


@dataclass(frozen=True)
class Quality:
    """How one run labelled its reviews."""

    right: Share
    found: Share
    """reviews that have a label at all"""
    confusion: dict[tuple[str, str], int]
    """reviews by gold label and answer"""
    prompts: int
    too_few: int
    """prompts whose answer holds fewer labels than reviews"""
    too_many: int
    agreeing: Share | None
    """reviews with the same answer in all repeats; None with a single one"""


@dataclass(frozen=True)
class Bin:
    """Neighbouring positions in the prompt, from 0, both ends included."""

    first: int
    last: int
    right: Share


@dataclass(frozen=True)
class Difference:
    """Accuracy of a run minus that of its base run, on the reviews that both were asked about."""

    reviews: int
    prompts: int
    """the run's prompts that hold these reviews: what is resampled"""
    differing: int
    """those of them in which one of the two has more right"""
    middle: float
    interval: tuple[float, float] | None
    """95 %; None with too few prompts, or too few that differ"""
    gained: int
    """reviews that the run has right and the base run has not"""
    lost: int
    p: float
    """McNemar's exact test, two-sided"""


def share(count: int, total: int) -> Share:
    """A share with Wilson's score interval; ``total`` must not be 0."""
    found = binomtest(count, total).proportion_ci(method="wilson")
    return Share(count, total, float(found.low), float(found.high))


def counted_once(labels: pd.DataFrame) -> pd.DataFrame:
    """The rows that count, one for each review: first repeat, first submission."""
    return labels[(labels["repeat"] == 0) & (labels["duplicate"] == 0)]


def quality(labels: pd.DataFrame, classes: Sequence[str]) -> Quality:
    """Accuracy, coverage, confusion and agreement of one run's labels.

    Args:
        labels: its rows of labels; there must be some.
        classes: what a review can be labelled; the confusion has a cell for each pair of a gold label and an
            answer, `NONE` among the answers.
    """
    rows = counted_once(labels)
    pairs = zip(rows["gold"].to_numpy(object), _answers(rows), strict=True)
    counts = pd.Series(list(pairs), dtype=object).value_counts()
    confusion = {
        (gold, answer): int(counts.get((gold, answer), 0))
        for gold, answer in product(classes, (*classes, NONE))
    }
    prompts = rows.drop_duplicates("prompt")
    return Quality(
        right=share(int(_right(rows).sum()), len(rows)),
        found=share(int(rows["label"].notna().sum()), len(rows)),
        confusion=confusion,
        prompts=len(prompts),
        too_few=int((prompts["found"] < prompts["n"]).sum()),
        too_many=int((prompts["found"] > prompts["n"]).sum()),
        agreeing=_agreeing(labels),
    )


def _answers(rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    return rows["label"].astype(object).fillna(NONE).to_numpy(object)


def _right(rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    return np.asarray(rows["label"].to_numpy(object) == rows["gold"].to_numpy(object), dtype=bool)


def _agreeing(labels: pd.DataFrame) -> Share | None:
    """Share of reviews with one answer in all repeats, at their first submission; no label is an answer."""
    rows = labels[labels["duplicate"] == 0]
    if rows["repeat"].nunique() < 2:
        return None
    answers = pd.Series(_answers(rows)).groupby(rows["review_id"].to_numpy()).nunique()
    return share(int((answers == 1).sum()), len(answers))


def by_position(labels: pd.DataFrame) -> list[Bin]:
    """Accuracy along the prompt, in up to `MOST_BINS` bins of positions with at least `ENOUGH_REVIEWS` each.

    Bins span the same number of positions, give or take one. There is a single bin where there is only one
    position, or where reviews are few.
    """
    rows = counted_once(labels)
    if rows.empty:
        return []
    positions = np.arange(rows["position"].max() + 1)
    reviews = np.bincount(rows["position"], minlength=len(positions))
    right = np.bincount(rows["position"], weights=_right(rows), minlength=len(positions))
    for count in range(min(MOST_BINS, len(positions)), 0, -1):
        bins = np.array_split(positions, count)
        if count == 1 or min(reviews[each].sum() for each in bins) >= ENOUGH_REVIEWS:
            break
    return [
        Bin(int(each[0]), int(each[-1]), share(int(right[each].sum()), int(reviews[each].sum())))
        for each in bins
    ]


def difference(labels: pd.DataFrame, base: pd.DataFrame) -> Difference | None:
    """Accuracy of a run minus that of its base run; None where they share no review.

    Whole prompts of the run are resampled, not reviews: a label too many or too few shifts all labels behind
    it, so the reviews of one prompt are not right or wrong independently.
    """
    pairs = _paired(labels, base)
    if pairs.empty:
        return None
    change = pairs["right"].to_numpy(int) - pairs["base"].to_numpy(int)
    gained, lost = int((change > 0).sum()), int((change < 0).sum())
    by_prompt = pd.Series(change).groupby(pairs["prompt"].to_numpy()).agg(["sum", "size"])
    differing = int((by_prompt["sum"] != 0).sum())
    return Difference(
        reviews=len(pairs),
        prompts=len(by_prompt),
        differing=differing,
        middle=float(change.mean()),
        interval=resampled_interval(by_prompt["sum"].to_numpy(float), by_prompt["size"].to_numpy(float))
        if len(by_prompt) >= ENOUGH_PROMPTS and differing >= ENOUGH_DIFFERING
        else None,
        gained=gained,
        lost=lost,
        p=mcnemar(gained, lost),
    )


def _paired(labels: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    """Reviews in both: ``prompt`` of the run, ``right``, ``base`` (whether the base run is right)."""
    mine, its = counted_once(labels), counted_once(base)
    left = mine[["review_id", "prompt"]].assign(right=_right(mine))
    return left.merge(its[["review_id"]].assign(base=_right(its)), on="review_id", validate="one_to_one")


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided p of McNemar's exact test of whether reviews are as often gained as lost."""
    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def resampled_interval(sums: npt.NDArray[np.float64], sizes: npt.NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of sum(sums) / sum(sizes) over units drawn with replacement: percentiles, widened.

    There must be `ENOUGH_PROMPTS` units.
    """
    count = len(sums)
    level = next(level for least, level in LEVELS.items() if count >= least)
    # (1 - level) / 2 with many units
    tail = norm.cdf(-math.sqrt(count / (count - 1)) * stdtrit(count - 1, (1 + level) / 2))

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
        confidence_level=1 - 2 * tail,
        n_resamples=RESAMPLES,
        batch=max(1, 4_000_000 // count),  # 32 MB an array
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return float(found.low), float(found.high)
