"""How right a run's labels are, and whether another run's are righter; pure statistics on rows of labels.

Each text counts once: as it was answered in the first repeat, at its first submission. Duplicates and
repeats ask the same again and nearly always get the same answer, so they say nothing new about a model's
accuracy. A missing label counts as wrong; a text without a gold label counts in no figure of accuracy.
docs/labels.md says what the intervals assume.

Source: McNemar, Psychometrika 12 (1947), with the exact binomial distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from batchscope.statistics.calibration import Calibration, calibration
from batchscope.statistics.confusion import (
    NONE,
    UNKNOWN,
    Counts,
    balanced_accuracy,
    codes,
    macro_f1,
    majority,
    table_of,
)
from batchscope.statistics.resampling import (
    ENOUGH_DIFFERING,
    ENOUGH_PROMPTS,
    Estimate,
    estimates,
    resampled_interval,
)
from batchscope.statistics.shares import Share, grouped_share, share

MOST_BINS = 10
ENOUGH_TEXTS = 30
"""Texts that a bin of positions must hold. With fewer, the interval at 70 % is 34 points wide or more."""


@dataclass(frozen=True)
class Accuracy:
    """How a run labelled the texts whose gold label is known."""

    right: Share
    balanced: Estimate
    """mean recall over labels"""
    macro_f1: Estimate
    majority: str
    """the most frequent gold label"""
    majority_share: float
    """how often always answering it would be right"""
    table: Counts
    """texts by gold label (rows) and answer (columns, the last one `NONE`)"""
    calibration: Calibration | None
    """None where the engine was not asked how sure it is"""


@dataclass(frozen=True)
class Quality:
    """How a run labelled its texts."""

    accuracy: Accuracy | None
    """None where no text has a gold label"""
    found: Share
    """texts that have a label at all"""
    prompts: int
    too_few: int
    """prompts with a text that the answer has no label for"""
    too_many: int
    """prompts whose answer has a label for no text"""
    agreeing: Share | None
    """texts with the same answer in all repeats; None with a single one"""


@dataclass(frozen=True)
class Bin:
    """Neighbouring positions in the prompt, from 0, both ends included."""

    first: int
    last: int
    right: Share


@dataclass(frozen=True)
class Difference:
    """Accuracy of a run minus that of its base run, on the texts that both were asked about."""

    texts: int
    prompts: int
    """the run's prompts that hold these texts: what is resampled"""
    differing: int
    """those of them in which one of the two has more right"""
    middle: float
    interval: tuple[float, float] | None
    """95 %; None with too few prompts, or too few that differ"""
    gained: int
    """texts that the run has right and the base run has not"""
    lost: int
    p: float
    """McNemar's exact test, two-sided"""


def counted_once(labels: pd.DataFrame) -> pd.DataFrame:
    """The rows that count, one for each text: first repeat, first submission."""
    return labels[(labels["repeat"] == 0) & (labels["duplicate"] == 0)]


def quality(labels: pd.DataFrame, names: Sequence[str]) -> Quality:
    """Accuracy, coverage and agreement of repeats of one run's labels.

    Args:
        labels: its rows of labels; there must be some.
        names: of all labels that the rows hold.
    """
    rows = counted_once(labels)
    prompts = rows.groupby("prompt")[["missing", "surplus"]].first()
    return Quality(
        accuracy=_accuracy(rows[rows["gold"].notna()], names),
        found=share(int(rows["label"].notna().sum()), len(rows)),
        prompts=len(prompts),
        too_few=int((prompts["missing"] > 0).sum()),
        too_many=int((prompts["surplus"] > 0).sum()),
        agreeing=_agreeing(labels),
    )


def _accuracy(rows: pd.DataFrame, names: Sequence[str]) -> Accuracy | None:
    """Of rows that have a gold label."""
    if rows.empty:
        return None
    gold, answers = codes(rows["gold"], names), codes(rows["label"], names)
    prompts, right = rows["prompt"].to_numpy(np.int64), gold == answers

    def figures(weights: npt.NDArray[np.float64]) -> tuple[float, float]:
        drawn = table_of(gold, answers, len(names), weights)
        return balanced_accuracy(drawn), macro_f1(drawn)

    balanced, f1 = estimates(figures, prompts)
    table = table_of(gold, answers, len(names))
    first, its_share = majority(table)
    sure = rows["confidence"].notna().to_numpy() & (answers != UNKNOWN)
    return Accuracy(
        right=grouped_share(right, prompts),
        balanced=balanced,
        macro_f1=f1,
        majority=names[first],
        majority_share=its_share,
        table=table,
        calibration=calibration(rows["confidence"].to_numpy(float)[sure], right[sure], prompts[sure]),
    )


def _answers(rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    return rows["label"].astype(object).fillna(NONE).to_numpy(object)


def _right(rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    same = rows["label"].to_numpy(object) == rows["gold"].to_numpy(object)
    return np.asarray(same & rows["label"].notna().to_numpy(), dtype=bool)


def with_gold_of(labels: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Rows of labels whose gold label is what a reference run answered; null where it has no answer.

    Args:
        labels: of the run.
        reference: rows of the reference run, each text once.
    """
    its = reference.set_index("text_id")["label"].astype(object)
    return labels.assign(gold=labels["text_id"].map(its))


def _agreeing(labels: pd.DataFrame) -> Share | None:
    """Share of texts with one answer in all repeats, at their first submission; no label is an answer."""
    rows = labels[labels["duplicate"] == 0]
    if rows["repeat"].nunique() < 2:
        return None
    answers = pd.Series(_answers(rows)).groupby(rows["text_id"].to_numpy()).nunique()
    return share(int((answers == 1).sum()), len(answers))


def by_position(labels: pd.DataFrame) -> list[Bin]:
    """Accuracy along the prompt, in up to `MOST_BINS` bins of positions with at least `ENOUGH_TEXTS` each.

    Bins span the same number of positions, give or take one. There is a single bin where there is only one
    position, or where texts are few. Texts without a gold label do not count; without any there is no bin.
    A text counts once at each of its positions: with ``permuted`` duplicates it has several.
    """
    rows = labels[(labels["repeat"] == 0) & labels["gold"].notna()]
    rows = rows.drop_duplicates(["text_id", "position"])
    if rows.empty:
        return []
    positions = np.arange(rows["position"].max() + 1)
    texts = np.bincount(rows["position"], minlength=len(positions))
    place, right, prompts = rows["position"].to_numpy(), _right(rows), rows["prompt"].to_numpy(np.int64)
    for count in range(min(MOST_BINS, len(positions)), 0, -1):
        bins = np.array_split(positions, count)
        if count == 1 or min(texts[each].sum() for each in bins) >= ENOUGH_TEXTS:
            break
    return [
        Bin(int(each[0]), int(each[-1]), grouped_share(right[inside], prompts[inside]))
        for each in bins
        if (inside := (place >= each[0]) & (place <= each[-1])).any()
    ]


def difference(labels: pd.DataFrame, base: pd.DataFrame) -> Difference | None:
    """Accuracy of a run minus that of its base run; None where they share no text with a gold label.

    Whole prompts of the run are resampled, not texts: a label too many or too few shifts all labels behind
    it, so the texts of one prompt are not right or wrong independently.
    """
    pairs = _paired(labels, base)
    if pairs.empty:
        return None
    change = pairs["right"].to_numpy(int) - pairs["base"].to_numpy(int)
    gained, lost = int((change > 0).sum()), int((change < 0).sum())
    by_prompt = pd.Series(change).groupby(pairs["prompt"].to_numpy()).agg(["sum", "size"])
    differing = int((by_prompt["sum"] != 0).sum())
    return Difference(
        texts=len(pairs),
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
    """Texts in both that have a gold label: ``prompt`` of the run, ``right``, ``base`` (the base run's)."""
    mine, its = (rows[rows["gold"].notna()] for rows in (counted_once(labels), counted_once(base)))
    left = mine[["text_id", "prompt"]].assign(right=_right(mine))
    return left.merge(its[["text_id"]].assign(base=_right(its)), on="text_id", validate="one_to_one")


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided p of McNemar's exact test of whether texts are as often gained as lost."""
    from scipy.stats import binomtest  # takes a second to import

    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
