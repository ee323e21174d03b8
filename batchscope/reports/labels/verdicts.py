"""What may be said of a run's labels: whether accuracy tells anything, and whether a difference is seen."""

from typing import Any, Literal

import pandas as pd

from batchscope.statistics.resampling import ENOUGH_PROMPTS
from batchscope.statistics.verdict import ONE_CLASS

CHANCE = 0.05
"""A difference is claimed where McNemar's test gives less, and the interval leaves 0 out."""


def accuracy_tells(run: "pd.Series[Any]") -> bool:
    """Whether a run's texts have gold labels, and more than one."""
    return bool(run["with_gold"] and run["majority_share"] < ONE_CLASS)


def base_row(run: "pd.Series[Any]", runs: pd.DataFrame) -> "pd.Series[Any]":
    """The row of the run that a run is compared with."""
    base = runs[(runs["study"] == run["study"]) & (runs["run"] == run["base"])]
    found: pd.Series[Any] = base.iloc[0]
    return found


def verdict_on_labels(run: "pd.Series[Any]") -> Literal["seen", "not seen", "too few"]:
    """Whether a run's labels differ from its base run's: its interval leaves 0 out, and McNemar agrees."""
    if run["paired_prompts"] < ENOUGH_PROMPTS:
        return "too few"
    apart = run["difference_low"] > 0 or run["difference_high"] < 0  # neither where there is no interval
    return "seen" if apart and run["mcnemar_p"] < CHANCE else "not seen"
