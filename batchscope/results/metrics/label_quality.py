"""How right the labels were, and what a right one took. With random weights they mean nothing: NaN."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from batchscope.results.metrics.metric import Column, Metric
from batchscope.results.records import Repeat, RunRecord
from batchscope.statistics import confusion
from batchscope.statistics.agreement import kappa_of, paired_answers
from batchscope.statistics.calibration import calibration_error


@dataclass(frozen=True)
class Score:
    """Labels of one repeat, duplicates counted each time, as they are in the run's speed."""

    asked: int
    found: int
    """labels that the answers hold for the texts asked about; surplus ones are none"""
    known: int
    """texts asked about whose gold label is known"""
    right: int
    """labels equal to the gold label"""


def labels_of(run: RunRecord, repeat: Repeat) -> pd.DataFrame | None:
    """A repeat's rows of labels.

    None without labels, and with random weights, whose labels mean nothing.
    """
    if run.labels.empty or random_weights(run.measurement.spec.model.load_format):
        return None
    number = next(index for index, each in enumerate(run.measurement.repeats) if each is repeat)
    return run.labels.loc[run.labels["repeat"] == number]


def score(run: RunRecord, repeat: Repeat) -> Score | None:
    """How a repeat's texts were labelled; None where its labels mean nothing, and without any."""
    rows = labels_of(run, repeat)
    if rows is None:
        return None
    label, gold = rows["label"].to_numpy(object), rows["gold"].to_numpy(object)
    return Score(len(rows), int(rows["label"].notna().sum()), int(rows["gold"].notna().sum()),
                 int((label == gold).sum()))  # fmt: skip


def random_weights(load_format: str) -> bool:
    """Whether the engine made weights up, so that labels mean nothing."""
    return load_format == "dummy"


def accuracy(run: RunRecord, repeat: Repeat) -> float:
    """Share of right labels among texts with a gold label; a missing label is wrong."""
    found = score(run, repeat)
    return found.right / found.known if found and found.known else math.nan


def label_coverage(run: RunRecord, repeat: Repeat) -> float:
    """Share of texts that got a label; a surplus label belongs to no text and does not count."""
    found = score(run, repeat)
    return found.found / found.asked if found else math.nan


def correct_texts_per_s(run: RunRecord, repeat: Repeat) -> float:
    """Texts labelled right per second; those without a gold label are taken to be right as often."""
    found = score(run, repeat)
    return found.right * found.asked / found.known / repeat.seconds if found and found.known else math.nan


def joules_per_correct_text(run: RunRecord, repeat: Repeat) -> float:
    """Energy of one text labelled right, in joules; NaN where none was, or the energy is not known."""
    found = score(run, repeat)
    if found is None or found.right == 0 or repeat.energy_j is None:
        return math.nan
    return repeat.energy_j * found.known / found.asked / found.right


def _of_table(figure: Callable[[confusion.Counts], float]) -> Callable[[RunRecord, Repeat], float]:
    """A figure of the table of gold labels and answers; NaN without gold labels."""

    def found(run: RunRecord, repeat: Repeat) -> float:
        rows = labels_of(run, repeat)
        if rows is None:
            return math.nan
        names = confusion.names_in(rows, ())
        gold, answers = confusion.codes(rows["gold"], names), confusion.codes(rows["label"], names)
        return figure(confusion.table_of(gold, answers, len(names)))

    return found


balanced_accuracy = _of_table(confusion.balanced_accuracy)
majority_share = _of_table(lambda table: confusion.majority(table)[1] if table.any() else math.nan)
macro_f1 = _of_table(confusion.macro_f1)


def agreement(run: RunRecord, repeat: Repeat) -> float:
    """Share of texts that have the label of the reference run; NaN where there is none."""
    found = _beside(run, repeat, run.reference)
    return float((found[0] == found[1]).mean()) if found else math.nan


def label_flips(run: RunRecord, repeat: Repeat) -> float:
    """Share of texts labelled otherwise than by the most precise engine; NaN where there is no such run."""
    found = _beside(run, repeat, run.most_precise)
    return float((found[0] != found[1]).mean()) if found else math.nan


def kappa(run: RunRecord, repeat: Repeat) -> float:
    """Cohen's kappa with the reference run; NaN where there is none, and where both give one label alone."""
    found = _beside(run, repeat, run.reference)
    return kappa_of(*found) if found else math.nan


def _beside(
    run: RunRecord, repeat: Repeat, other: RunRecord | None
) -> tuple[confusion.Codes, confusion.Codes, int] | None:
    """Answers of the run and of another one, on the texts of both, and how many labels there are."""
    rows = labels_of(run, repeat)
    if rows is None or other is None:
        return None
    its = other.labels
    names = confusion.names_in(rows, confusion.names_in(its, ()))
    mine, theirs = paired_answers(rows, its, names)
    return (mine, theirs, len(names)) if len(mine) else None


def expected_calibration_error(run: RunRecord, repeat: Repeat) -> float:
    """How far confidence and accuracy are apart; NaN without gold labels or confidences."""
    rows = labels_of(run, repeat)
    if rows is None:
        return math.nan
    rows = rows[rows["confidence"].notna() & rows["gold"].notna() & rows["label"].notna()]
    right = rows["label"].to_numpy(object) == rows["gold"].to_numpy(object)
    return calibration_error(rows["confidence"].to_numpy(float), np.asarray(right, dtype=bool))


LABEL_QUALITY = (
    Metric(
        name="accuracy",
        label="Accuracy",
        unit="share",
        formula="right labels / texts with a gold label; a missing label is wrong",
        source="scikit-learn's accuracy_score",
        of=accuracy,
        column=Column(50, "accuracy (%)", digits=1, percent=True),
        of_labels=True,
    ),
    Metric(
        name="balanced_accuracy",
        label="Balanced accuracy",
        unit="share",
        formula="mean over gold labels of (right labels / texts with this gold label)",
        source="scikit-learn's balanced_accuracy_score",
        of=balanced_accuracy,
        column=Column(51, "balanced accuracy (%)", digits=1, percent=True),
        of_labels=True,
    ),
    Metric(
        name="majority_share",
        label="Accuracy of always giving the most frequent label",
        unit="share",
        formula="texts with the most frequent gold label / texts with a gold label",
        source="scikit-learn's DummyClassifier, strategy='most_frequent'",
        of=majority_share,
        column=Column(53, "majority (%)", digits=1, percent=True),
        of_labels=True,
    ),
    Metric(
        name="macro_f1",
        label="Macro-F1",
        unit="share",
        formula="mean over gold labels of 2 x right / (texts with this gold label + texts answered so)",
        source="scikit-learn's f1_score, average='macro', over the gold labels that there are",
        of=macro_f1,
        column=Column(52, "macro-F1 (%)", digits=1, percent=True),
        of_labels=True,
    ),
    Metric(
        name="agreement",
        label="Agreement with the reference run",
        unit="share",
        formula="texts with the reference run's answer / texts that both were asked about",
        source="this project",
        of=agreement,
        column=Column(54, "agreement (%)", digits=1, percent=True),
        of_labels=True,
    ),
    Metric(
        name="kappa",
        label="Agreement beyond chance",
        unit="kappa",
        formula="(agreement - agreement by chance) / (1 - agreement by chance); no label is an answer",
        source="scikit-learn's cohen_kappa_score",
        of=kappa,
        column=Column(55, "kappa"),
        of_labels=True,
    ),
    Metric(
        name="label_flips",
        label="Labels that precision flips",
        unit="share",
        formula="texts with another answer than in the run of the same prompts on the study's most precise "
        "engine / texts of both",
        source="this project",
        of=label_flips,
        better="lower",
        column=Column(56, "label flips (%)", digits=1, percent=True),
        of_labels=True,
    ),
    Metric(
        name="expected_calibration_error",
        label="Expected calibration error",
        unit="share",
        formula="mean over answers of |accuracy - mean confidence| of their bin; 10 bins of equal width",
        source="Naeini, Cooper and Hauskrecht (2015); Guo et al. (2017)",
        of=expected_calibration_error,
        better="lower",
        column=Column(57, "calibration error (points)", digits=1, percent=True),
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
        name="correct_texts_per_s",
        label="Texts labelled right",
        unit="correct texts/s",
        formula="accuracy x labels asked for / seconds",
        source="this project",
        of=correct_texts_per_s,
        column=Column(70, "correct texts/s", interval=True),
        of_labels=True,
    ),
    Metric(
        name="joules_per_correct_text",
        label="GPU energy per right label",
        unit="J/correct text",
        formula="joules that the GPUs took in the timed window / (accuracy x labels asked for)",
        source="this project; joules as NVML's energy counter has them",
        of=joules_per_correct_text,
        better="lower",
        of_labels=True,
    ),
)
