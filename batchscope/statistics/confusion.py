"""What is read off a table of right labels and answers, for any number of labels; pure functions.

A table counts texts: a row for each right label, a column for each answer, in the order of the labels; its
last column is `NONE`, of texts without an answer. Texts whose right label is not known stand in no table.
Definitions are those of scikit-learn, with macro averages over the labels that some text really has.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

NONE = "none"
"""The answer of a text that has no label."""

UNKNOWN = -1

Codes = npt.NDArray[np.int64]
"""Labels as numbers, from 0 in the order of their names; `UNKNOWN` for none."""

Counts = npt.NDArray[np.float64]
"""A table of right labels and answers; weights make its counts fractions."""


def codes(labels: "pd.Series[str]", names: Sequence[str]) -> Codes:
    """A column of labels as numbers; what is not among the names is `UNKNOWN`."""
    numbers = {name: number for number, name in enumerate(names)}
    if isinstance(labels.dtype, pd.CategoricalDtype):  # each label is looked up once
        by_category = [numbers.get(name, UNKNOWN) for name in labels.cat.categories]
        return np.array([*by_category, UNKNOWN], dtype=np.int64)[labels.cat.codes.to_numpy()]
    return np.array([numbers.get(label, UNKNOWN) for label in labels], dtype=np.int64)


def names_in(labels: pd.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    """The task's labels, then further ones that rows hold: of a task that was changed since."""
    held = {label for column in ("gold", "label") for label in labels[column].dropna().unique()}
    return (*names, *sorted(held - set(names)))


def table_of(truth: Codes, answers: Codes, count: int, weights: Counts | None = None) -> Counts:
    """The table of right labels and answers: ``count`` rows, a column more.

    Args:
        truth: the right label of each text.
        answers: its answer.
        count: of labels.
        weights: how often each text counts; None: once.
    """
    known = truth != UNKNOWN
    columns = np.where(answers == UNKNOWN, count, answers)
    cells = np.bincount(
        (truth * (count + 1) + columns)[known],
        weights=None if weights is None else weights[known],
        minlength=count * (count + 1),
    )
    return np.asarray(cells, dtype=np.float64).reshape(count, count + 1)


def accuracy(table: Counts) -> float:
    """Share of texts with the right answer; NaN for an empty table."""
    return _ratio(float(np.trace(table)), float(table.sum()))


def recalls(table: Counts) -> Counts:
    """Of each label's texts the share that was answered so; NaN for a label that no text has."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.diagonal(table) / table.sum(axis=1))


def precisions(table: Counts) -> Counts:
    """Of each answer's texts the share that is so labelled; NaN for a label that is never answered."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.diagonal(table) / table[:, :-1].sum(axis=0))


def f1_scores(table: Counts) -> Counts:
    """Harmonic mean of recall and precision of each label; NaN for a label that no text has."""
    there = table.sum(axis=1)
    found = 2 * np.diagonal(table) / np.maximum(there + table[:, :-1].sum(axis=0), np.finfo(float).tiny)
    return np.asarray(np.where(there > 0, found, np.nan))


def balanced_accuracy(table: Counts) -> float:
    """Mean recall of the labels that some text has: what guessing cannot raise above 1 / labels."""
    return _mean(recalls(table))


def macro_f1(table: Counts) -> float:
    """Mean F1 score of the labels that some text has."""
    return _mean(f1_scores(table))


def majority(table: Counts) -> tuple[int, float]:
    """The most frequent right label, as its row, and its share: the accuracy of always answering it."""
    by_label = table.sum(axis=1)
    first = int(by_label.argmax())
    return first, _ratio(float(by_label[first]), float(by_label.sum()))


def kappa(table: Counts) -> float:
    """Cohen's kappa of a square table: agreement beyond chance; NaN where all texts have one label."""
    total = float(table.sum())
    if not total:
        return float("nan")
    seen = float(np.trace(table)) / total
    chance = float(table.sum(axis=1) @ table.sum(axis=0)) / total**2
    return _ratio(seen - chance, 1 - chance)


@dataclass(frozen=True)
class Confused:
    """A right label and the wrong answer that was given for it."""

    truth: str
    answer: str
    texts: int
    share: float
    """of the right label's texts"""


def most_confused(table: Counts, names: Sequence[str], most: int) -> list[Confused]:
    """The wrong answers given most often, `NONE` not among them; ties in the order of the labels."""
    wrong = table[:, :-1].copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [divmod(int(place), len(names)) for place in order]
    by_label = table.sum(axis=1)
    return [
        Confused(
            names[row], names[column], int(wrong[row, column]), float(wrong[row, column] / by_label[row])
        )
        for row, column in pairs
        if wrong[row, column]
    ]


def _mean(values: Counts) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
