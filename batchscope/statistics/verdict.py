"""Whether a setting counts: it is not less right than the reference run, or why it does not.

Guessing fast is worth nothing, so speed is looked at only where labels are kept: nearly every text has one,
and accuracy is surely not behind the reference run's by more than a margin (a test of non-inferiority, with
whole prompts drawn, for the texts of one are alike). Where no gold label tells, it is the agreement with the
reference run. Source: Piaggio et al., JAMA 308 (2012), for reading non-inferiority from an interval.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from batchscope.statistics.accuracy import Difference, counted_once, difference, with_gold_of
from batchscope.statistics.resampling import ENOUGH_PROMPTS
from batchscope.statistics.shares import grouped_share, share

ONE_CLASS = 0.95
"""Share of the most frequent gold label from which on accuracy tells nothing."""


@dataclass(frozen=True)
class Loss:
    """How much less right a run's labels are than the reference run's."""

    middle: float
    """as a share of texts; below 0: it is righter"""
    most: float | None
    """upper end of the 95 % interval; None with too few prompts for one"""
    by_gold: bool
    """whether gold labels say so; else the reference run's own answers do"""


@dataclass(frozen=True)
class Candidate:
    """The labels of a setting that was measured."""

    coverage: float
    """share of texts with a label"""
    loss: Loss
    """0 for the reference run itself"""


def fault(candidate: Candidate, margin: float, coverage: float) -> str | None:
    """Why a candidate does not count; None for one that does.

    Args:
        candidate: its labels.
        margin: share of texts that may surely not be lost.
        coverage: share of texts that must have a label.
    """
    loss = candidate.loss
    if candidate.coverage < coverage:
        return f"only {100 * candidate.coverage:.1f} % of texts have a label"
    if loss.most is None:
        return f"fewer than {ENOUGH_PROMPTS} prompts cannot tell how right it is"
    if loss.most > margin:
        what = "less accurate" if loss.by_gold else "of texts labelled otherwise"
        return f"up to {100 * loss.most:.1f} points {what}"
    return None


def loss_against(labels: pd.DataFrame, reference: pd.DataFrame) -> Loss | None:
    """A run's loss against its reference run; None where they share no text.

    Args:
        labels: rows of the run.
        reference: rows of the reference run.
    """
    by_gold = gold_tells(reference)
    if not by_gold:
        its = counted_once(reference)
        labels, reference = with_gold_of(labels, its), with_gold_of(reference, its)
    found = difference(labels, reference)
    return None if found is None else Loss(-found.middle, _most(found), by_gold)


def gold_tells(labels: pd.DataFrame) -> bool:
    """Whether texts have gold labels, and more than one of them."""
    gold = counted_once(labels)["gold"].dropna()
    return bool(len(gold) and gold.value_counts(normalize=True).iloc[0] < ONE_CLASS)


def guesses(labels: pd.DataFrame) -> tuple[str, float] | None:
    """The label that would be as often right if it were always given, and how often; None where none would.

    Only for labels that gold ones tell of (`gold_tells`).
    """
    rows = counted_once(labels)
    rows = rows[rows["gold"].notna()]
    right = rows["label"].to_numpy(object) == rows["gold"].to_numpy(object)
    shares = rows["gold"].astype(str).value_counts(normalize=True)
    low = grouped_share(np.asarray(right, dtype=bool), rows["prompt"].to_numpy(np.int64)).low
    return (str(shares.index[0]), float(shares.iloc[0])) if low <= shares.iloc[0] else None


def _most(found: Difference) -> float | None:
    """Upper end of the loss; where hardly any prompt differs, that of the share of prompts that do."""
    if found.prompts < ENOUGH_PROMPTS:
        return None
    return share(found.differing, found.prompts).high if found.interval is None else -found.interval[0]
