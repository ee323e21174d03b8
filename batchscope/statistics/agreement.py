"""How often a run gives the labels of its reference run, text by text; pure statistics on rows of labels.

It needs no gold labels. No label is an answer of its own: two runs that both have none agree. Source: Cohen,
Educational and Psychological Measurement 20 (1960), for kappa, which takes off what chance would agree on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from batchscope.statistics.confusion import UNKNOWN, Codes, Counts, codes, kappa, table_of
from batchscope.statistics.resampling import ENOUGH_DIFFERING, Estimate, estimates
from batchscope.statistics.shares import Share, grouped_share


@dataclass(frozen=True)
class Agreement:
    """Answers of a run beside those of its reference run, on the texts that both were asked about."""

    texts: int
    prompts: int
    """the run's prompts that hold these texts: what is resampled"""
    same: Share
    kappa: Estimate
    """beyond chance; NaN where both runs give one label alone"""


def agreement(labels: pd.DataFrame, reference: pd.DataFrame, names: Sequence[str]) -> Agreement | None:
    """Agreement of a run with its reference run; None where they share no text.

    Args:
        labels: rows of the run, each text once.
        reference: rows of the reference run, each text once.
        names: of the labels.
    """
    pairs = labels.index[labels["text_id"].isin(reference["text_id"])]
    if pairs.empty:
        return None
    rows = labels.loc[pairs]
    mine, its = paired_answers(rows, reference, names)
    prompts, same = rows["prompt"].to_numpy(np.int64), mine == its

    def figures(weights: npt.NDArray[np.float64]) -> list[float]:
        return [kappa(_square(its, mine, len(names), weights))]

    (beyond_chance,) = estimates(figures, prompts)
    if len(np.unique(prompts[~same])) < ENOUGH_DIFFERING:
        beyond_chance = Estimate(beyond_chance.value, None)
    return Agreement(len(rows), len(np.unique(prompts)), grouped_share(same, prompts), beyond_chance)


def paired_answers(rows: pd.DataFrame, reference: pd.DataFrame, names: Sequence[str]) -> tuple[Codes, Codes]:
    """A run's answers and its reference run's, for each row whose text the reference run was asked about.

    Args:
        rows: of the run; duplicates and repeats are paired with the same answer.
        reference: rows of the reference run, each text once.
        names: of the labels.
    """
    its = pd.Series(codes(reference["label"], names), index=reference["text_id"].to_numpy())
    both = rows["text_id"].isin(its.index).to_numpy()
    of_texts = its.loc[rows.loc[both, "text_id"]].to_numpy(np.int64)
    return codes(rows["label"], names)[both], of_texts


def kappa_of(mine: Codes, its: Codes, count: int) -> float:
    """Cohen's kappa of two runs' answers; NaN without texts, and where both give one label alone."""
    return kappa(_square(its, mine, count, None))


def _square(its: Codes, mine: Codes, count: int, weights: Counts | None) -> Counts:
    """The table of both runs' answers, with a row and a column for no label."""
    rows, columns = (np.where(each == UNKNOWN, count, each) for each in (its, mine))
    return table_of(rows, columns, count + 1, weights)[:, :-1]
