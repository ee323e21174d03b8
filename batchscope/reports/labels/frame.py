"""Frames of how right the labels are: a row a run, and a row a bin of positions in the prompt.

Runs with random weights are left out, for their labels say nothing; so are runs whose labels were not read.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from batchscope.inputs.label_words import CLASSES
from batchscope.reporting.wording import show_setting, varying
from batchscope.results.comparison import comparable
from batchscope.results.frames import cell_value
from batchscope.results.metrics.label_quality import random_weights
from batchscope.statistics.accuracy import NONE, Difference, by_position, difference, quality

IDENTITY = (
    "study",
    "run",
    "valid",
    "layout",
    "n",
    "reviews",
    "duplicates",
    "reuse",
    "instruction",
    "decoding",
    "model",
)
"""Columns of the runs frame that stand first in labels.csv."""

Labels = Mapping[tuple[str, str], pd.DataFrame]
"""Rows of labels by study and run."""


def labels_of_studies(frames: Mapping[str, pd.DataFrame]) -> dict[tuple[str, str], pd.DataFrame]:
    """Rows of labels by study and run, from each study's labels."""
    return {
        (study, str(run)): rows.reset_index(drop=True)
        for study, frame in frames.items()
        for run, rows in frame.groupby("run", observed=True)
    }


def judged_runs(runs: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """The runs whose labels can be judged: real weights, and labels that were read."""
    keys = zip(runs["study"], runs["run"], strict=True)
    there = [key in labels and not labels[key].empty for key in keys]
    random = [random_weights(load_format) for load_format in runs["load_format"]]
    return runs[[yes and not no for yes, no in zip(there, random, strict=True)]]


def quality_frame(runs: pd.DataFrame, labels: Labels, *, across: bool = False) -> pd.DataFrame:
    """One row a judged run: what its labels were, and how they compare with its base run's.

    Args:
        runs: the runs frame.
        labels: of each run that has some.
        across: compare runs from different environments too.
    """
    rows = []
    for _, run in judged_runs(runs, labels).iterrows():
        key = (run["study"], run["run"])
        row = {name: cell_value(run[name]) for name in IDENTITY} | _quality_row(labels[key])
        base = base_of(run, judged_runs(runs[runs["study"] == run["study"]], labels), across=across)
        if base is not None:
            found = difference(labels[key], labels[run["study"], base["run"]])
            row |= {"base": base["run"]} | (_difference_row(found) if found else {})
        rows.append(row)
    return pd.DataFrame(rows, columns=[*IDENTITY, *QUALITY_COLUMNS])


ANSWERS = (*CLASSES, NONE)
"""What a review can be answered with."""

_CONFUSION = [f"{gold}_as_{answer}" for gold in CLASSES for answer in ANSWERS]
QUALITY_COLUMNS = [
    "labels",
    "right",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "label_coverage",
    *_CONFUSION,
    "prompts",
    "too_few",
    "too_many",
    "agreeing",
    "base",
    "paired_reviews",
    "paired_prompts",
    "differing_prompts",
    "difference",
    "difference_low",
    "difference_high",
    "gained",
    "lost",
    "mcnemar_p",
]


def _quality_row(labels: pd.DataFrame) -> dict[str, Any]:
    found = quality(labels, CLASSES)
    return {
        "labels": found.right.total,
        "right": found.right.count,
        "accuracy": found.right.value,
        "accuracy_low": found.right.low,
        "accuracy_high": found.right.high,
        "label_coverage": found.found.value,
        **{f"{gold}_as_{answer}": count for (gold, answer), count in found.confusion.items()},
        "prompts": found.prompts,
        "too_few": found.too_few,
        "too_many": found.too_many,
        "agreeing": found.agreeing.value if found.agreeing else None,
    }


def _difference_row(found: Difference) -> dict[str, Any]:
    low, high = found.interval or (None, None)
    return {
        "paired_reviews": found.reviews,
        "paired_prompts": found.prompts,
        "differing_prompts": found.differing,
        "difference": found.middle,
        "difference_low": low,
        "difference_high": high,
        "gained": found.gained,
        "lost": found.lost,
        "mcnemar_p": found.p,
    }


def positions_frame(runs: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """One row a bin of positions of each judged run: ``first`` and ``last`` position, and accuracy in it."""
    rows = [
        {
            "study": run["study"],
            "run": run["run"],
            "first": each.first,
            "last": each.last,
            "labels": each.right.total,
            "accuracy": each.right.value,
            "accuracy_low": each.right.low,
            "accuracy_high": each.right.high,
        }
        for _, run in judged_runs(runs, labels).iterrows()
        for each in by_position(labels[run["study"], run["run"]])
    ]
    figures = ["labels", "accuracy", "accuracy_low", "accuracy_high"]
    return pd.DataFrame(rows, columns=["study", "run", "first", "last", *figures])


def base_of(run: "pd.Series[Any]", runs: pd.DataFrame, *, across: bool = False) -> "pd.Series[Any] | None":
    """The run of the same study that a run's labels are compared with; None where there is none.

    Separate prompts at n = 1, of several the first among those with most other settings alike (for such a run
    itself, only runs before it); else, for a packed run, separate prompts with the same settings.
    """
    settings = [name for name in varying(runs) if name not in ("layout", "n", "reviews")]

    def alike(other: "pd.Series[Any]") -> int:
        return sum(show_setting(other[name]) == show_setting(run[name]) for name in settings)

    def alone(other: "pd.Series[Any]") -> bool:
        return bool(other["layout"] == "separate" and other["n"] == 1)

    order = list(runs["run"])
    others = [
        other
        for _, other in runs[runs["valid"] & (runs["layout"] == "separate")].iterrows()
        if run["valid"] and other["run"] != run["run"] and comparable(run, other, across=across)
    ]
    single = [other for other in others if alone(other)]
    if alone(run):
        single = [other for other in single if order.index(other["run"]) < order.index(run["run"])]
    if single:
        return max(single, key=alike)
    same = [other for other in others if other["n"] == run["n"] and alike(other) == len(settings)]
    return same[0] if same and run["layout"] == "packed" else None
