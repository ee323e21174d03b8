"""How right the labels were, and what a right one took. With random weights they mean nothing: NaN."""

import math
from dataclasses import dataclass

from batchscope.results.metrics.metric import Column, Metric
from batchscope.results.records import Repeat, RunRecord


@dataclass(frozen=True)
class Score:
    """Labels of one repeat, duplicates counted each time, as they are in the run's speed."""

    asked: int
    found: int
    """labels that the answers hold for the reviews asked about; surplus ones are none"""
    right: int
    """those equal to the gold label"""


def score(run: RunRecord, repeat: Repeat) -> Score | None:
    """How a repeat's reviews were labelled.

    None without labels, and with random weights, whose labels mean nothing.
    """
    if run.labels.empty or random_weights(run.measurement.spec.model.load_format):
        return None
    number = next(index for index, each in enumerate(run.measurement.repeats) if each is repeat)
    rows = run.labels.loc[run.labels["repeat"] == number, ["label", "gold"]]
    right = rows["label"].to_numpy(object) == rows["gold"].to_numpy(object)
    return Score(len(rows), int(rows["label"].notna().sum()), int(right.sum()))


def random_weights(load_format: str) -> bool:
    """Whether the engine made weights up, so that labels mean nothing."""
    return load_format == "dummy"


def accuracy(run: RunRecord, repeat: Repeat) -> float:
    """Share of right labels; a missing label is wrong."""
    found = score(run, repeat)
    return found.right / found.asked if found else math.nan


def label_coverage(run: RunRecord, repeat: Repeat) -> float:
    """Share of reviews that got a label; a surplus label belongs to no review and does not count."""
    found = score(run, repeat)
    return found.found / found.asked if found else math.nan


def correct_reviews_per_s(run: RunRecord, repeat: Repeat) -> float:
    """Reviews labelled right per second."""
    found = score(run, repeat)
    return found.right / repeat.seconds if found else math.nan


def joules_per_correct_review(run: RunRecord, repeat: Repeat) -> float:
    """Energy of one review labelled right, in joules; NaN where none was, or the energy is not known."""
    found = score(run, repeat)
    if found is None or found.right == 0 or repeat.energy_j is None:
        return math.nan
    return repeat.energy_j / found.right


LABEL_QUALITY = (
    Metric(
        name="accuracy",
        label="Accuracy",
        unit="share",
        formula="right labels / labels asked for; a missing label is wrong",
        source="scikit-learn's accuracy_score",
        of=accuracy,
        column=Column(50, "accuracy (%)", digits=1, percent=True),
        of_labels=True,
    ),
    Metric(
        name="label_coverage",
        label="Label coverage",
        unit="share",
        formula="labels found / labels asked for; a surplus label does not count",
        source="this project",
        of=label_coverage,
        column=Column(60, "coverage (%)", digits=1, percent=True),
        of_labels=True,
    ),
    Metric(
        name="correct_reviews_per_s",
        label="Reviews labelled right",
        unit="correct reviews/s",
        formula="right labels / seconds",
        source="this project",
        of=correct_reviews_per_s,
        column=Column(70, "correct reviews/s", interval=True),
        of_labels=True,
    ),
    Metric(
        name="joules_per_correct_review",
        label="GPU energy per right label",
        unit="J/correct review",
        formula="joules that the GPUs took in the timed window / right labels",
        source="this project; joules as NVML's energy counter has them",
        of=joules_per_correct_review,
        better="lower",
        of_labels=True,
    ),
)
