"""Frames of how right the labels are: a row a run, and further ones of positions, labels and confidence.

Runs with random weights are left out, for their labels say nothing; so are runs whose labels were not read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from batchscope.reporting.wording import show_setting, varying
from batchscope.reports.labels.one_run import (
    Row,
    agreement_row,
    confusion_rows,
    difference_row,
    position_rows,
    quality_row,
    recall_rows,
    reliability_rows,
)
from batchscope.results.comparison import comparable
from batchscope.results.frames import cell_value
from batchscope.results.label_rows import Labels
from batchscope.results.metrics.label_quality import random_weights
from batchscope.statistics.accuracy import counted_once, difference, quality
from batchscope.statistics.agreement import agreement
from batchscope.statistics.confusion import names_in

IDENTITY = (
    "study",
    "run",
    "valid",
    "layout",
    "n",
    "texts",
    "duplicates",
    "reuse",
    "instruction",
    "answer",
    "numbered",
    "model",
)
"""Columns of the runs frame that stand first in labels.csv."""

QUALITY_COLUMNS = [
    "labels",
    "with_gold",
    "right",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "balanced_accuracy",
    "balanced_accuracy_low",
    "balanced_accuracy_high",
    "macro_f1",
    "macro_f1_low",
    "macro_f1_high",
    "majority",
    "majority_share",
    "label_coverage",
    "prompts",
    "too_few",
    "too_many",
    "agreeing",
    "mean_confidence",
    "expected_calibration_error",
    "expected_calibration_error_low",
    "expected_calibration_error_high",
    "reference",
    "agreement_texts",
    "agreement_prompts",
    "agreement",
    "agreement_low",
    "agreement_high",
    "kappa",
    "kappa_low",
    "kappa_high",
    "base",
    "paired_texts",
    "paired_prompts",
    "differing_prompts",
    "difference",
    "difference_low",
    "difference_high",
    "gained",
    "lost",
    "mcnemar_p",
]
"""Columns of labels.csv behind those of `IDENTITY`; docs/files.md explains them."""

PLACES = ["first", "last", "labels", "share", "share_low", "share_high"]
CELLS = ["gold", "label", "texts"]
OF_LABELS = ["label", "texts", "answered", "right", "recall", "precision", "f1"]
OF_BINS = ["low", "high", "answers", "confidence", "accuracy", "accuracy_low", "accuracy_high"]


@dataclass(frozen=True)
class Judged:
    """What the labels of all judged runs say; every frame has ``study`` and ``run``."""

    runs: pd.DataFrame
    """a row a run: `IDENTITY` and `QUALITY_COLUMNS`"""
    positions: pd.DataFrame
    """a row a bin of positions: `PLACES`; shares of right labels, else of those of the reference run"""
    confusion: pd.DataFrame
    """a row a gold label and answer that some text has: `CELLS`"""
    labels: pd.DataFrame
    """a row a label that some text has: `OF_LABELS`"""
    reliability: pd.DataFrame
    """a row a bin of confidence that holds answers: `OF_BINS`"""
    names: tuple[str, ...]
    """of all labels, in the task's order"""


def judged_runs(runs: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """The runs whose labels can be judged: real weights, and labels that were read."""
    keys = zip(runs["study"], runs["run"], strict=True)
    there = [key in labels and not labels[key].empty for key in keys]
    random = [random_weights(load_format) for load_format in runs["load_format"]]
    return runs[[yes and not no for yes, no in zip(there, random, strict=True)]]


def judge(runs: pd.DataFrame, labels: Labels, names: Sequence[str], *, across: bool = False) -> Judged:
    """What the labels of each judged run were, and how they compare with those of other runs.

    Args:
        runs: the runs frame.
        labels: of each run that has some.
        names: of the task's labels.
        across: compare runs from different environments too.
    """
    judged = judged_runs(runs, labels)
    for rows in labels.values():
        names = names_in(rows, names)
    found: dict[str, list[Row]] = {
        name: [] for name in ("runs", "positions", "confusion", "labels", "reliability")
    }
    for _, run in judged.iterrows():
        key = {"study": run["study"], "run": run["run"]}
        rows = labels[run["study"], run["run"]]
        reference = _reference(run, labels)
        quality_found = quality(rows, names)
        row = {name: cell_value(run[name]) for name in IDENTITY} | quality_row(quality_found)
        row |= _beside_reference(run, rows, reference, names) | _beside_base(run, judged, labels, across)
        found["runs"].append(row)
        found["positions"] += [key | each for each in position_rows(rows, reference)]
        if accuracy := quality_found.accuracy:
            found["confusion"] += [key | each for each in confusion_rows(accuracy.table, names)]
            found["labels"] += [key | each for each in recall_rows(accuracy.table, names)]
            found["reliability"] += [key | each for each in reliability_rows(accuracy.calibration)]
    return Judged(
        runs=pd.DataFrame(found["runs"], columns=[*IDENTITY, *QUALITY_COLUMNS]),
        positions=pd.DataFrame(found["positions"], columns=["study", "run", *PLACES]),
        confusion=pd.DataFrame(found["confusion"], columns=["study", "run", *CELLS]),
        labels=pd.DataFrame(found["labels"], columns=["study", "run", *OF_LABELS]),
        reliability=pd.DataFrame(found["reliability"], columns=["study", "run", *OF_BINS]),
        names=tuple(names),
    )


def _reference(run: "pd.Series[Any]", labels: Labels) -> pd.DataFrame | None:
    """The rows that count of the run's reference run; None without one, and for a reference run itself."""
    name = cell_value(run["reference"])
    if name is None or name == f"{run['study']}/{run['run']}":
        return None
    study, _, its = name.partition("/")
    return counted_once(labels[study, its])


def _beside_reference(
    run: "pd.Series[Any]", rows: pd.DataFrame, reference: pd.DataFrame | None, names: Sequence[str]
) -> Row:
    found = agreement(counted_once(rows), reference, names) if reference is not None else None
    return {"reference": cell_value(run["reference"])} | (agreement_row(found) if found else {})


def _beside_base(run: "pd.Series[Any]", judged: pd.DataFrame, labels: Labels, across: bool) -> Row:
    base = base_of(run, judged[judged["study"] == run["study"]], across=across)
    if base is None:
        return {}
    found = difference(labels[run["study"], run["run"]], labels[run["study"], base["run"]])
    return {"base": base["run"]} | (difference_row(found) if found else {})


def base_of(run: "pd.Series[Any]", runs: pd.DataFrame, *, across: bool = False) -> "pd.Series[Any] | None":
    """The run of the same study that a run's labels are compared with; None where there is none.

    Separate prompts at n = 1, of several the first among those with most other settings alike (for such a run
    itself, only runs before it); else, for a packed run, separate prompts with the same settings.
    """
    settings = [name for name in varying(runs) if name not in ("layout", "n", "texts")]

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
