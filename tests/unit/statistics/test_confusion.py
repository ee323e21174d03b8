"""Figures of tables of right labels and answers, against scikit-learn's."""

import math
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
)
from support.analysis_helpers import labelled

from batchscope.statistics.confusion import (
    NONE,
    UNKNOWN,
    accuracy,
    balanced_accuracy,
    codes,
    f1_scores,
    kappa,
    macro_f1,
    majority,
    most_confused,
    names_in,
    precisions,
    recalls,
    table_of,
)


def answered(seed, labels, texts, *, missing=0.0, unused=0, right=0.5):
    """Right labels and answers: some missing, the last ``unused`` labels never right, though answered."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels - unused, texts)
    other = rng.integers(0, labels, texts)
    answers = np.where(rng.random(texts) < right, truth, other)
    return truth, np.where(rng.random(texts) < missing, UNKNOWN, answers)


CASES = [
    answered(0, 2, 200),
    answered(1, 5, 300, missing=0.1),
    answered(2, 77, 2000, missing=0.02, right=0.7),
    answered(3, 6, 150, unused=2),
    answered(4, 3, 60, missing=1.0),
    answered(5, 3, 2, right=1.0),
]
LABELS = [2, 5, 77, 6, 3, 3]


@pytest.mark.parametrize(("case", "labels"), list(zip(CASES, LABELS, strict=True)))
def test_figures_are_those_of_scikit_learn(case, labels):
    truth, answers = case
    table = table_of(truth, answers, labels)
    predicted = np.where(answers == UNKNOWN, labels, answers)
    there = sorted(set(truth))
    assert (table == confusion_matrix(truth, predicted, labels=range(labels + 1))[:labels]).all()
    assert accuracy(table) == pytest.approx(accuracy_score(truth, predicted))
    with pytest.warns() if set(predicted) - set(truth) else nullcontext():
        assert balanced_accuracy(table) == pytest.approx(balanced_accuracy_score(truth, predicted))
    expected = f1_score(truth, predicted, labels=there, average="macro", zero_division=0)
    assert macro_f1(table) == pytest.approx(expected)
    scores = precision_recall_fscore_support(truth, predicted, labels=there, zero_division=np.nan)
    assert precisions(table)[there] == pytest.approx(scores[0], nan_ok=True)
    assert recalls(table)[there] == pytest.approx(scores[1])
    by_label = f1_score(truth, predicted, labels=there, average=None, zero_division=0)
    assert f1_scores(table)[there] == pytest.approx(by_label)
    guess = DummyClassifier(strategy="most_frequent").fit(truth[:, None], truth)
    assert majority(table)[1] == pytest.approx(guess.score(truth[:, None], truth))


@pytest.mark.parametrize(("case", "labels"), list(zip(CASES[:4], LABELS[:4], strict=True)))
def test_kappa_is_that_of_scikit_learn(case, labels):
    first, second = (np.where(each == UNKNOWN, labels, each) for each in case)
    table = table_of(first, second, labels + 1)[:, :-1]
    assert kappa(table) == pytest.approx(cohen_kappa_score(first, second))


def test_kappa_of_one_label_is_undefined():
    assert math.isnan(kappa(np.array([[5.0, 0.0], [0.0, 0.0]])))
    assert math.isnan(kappa(np.zeros((2, 2))))


def test_weights_count_texts_that_often():
    truth, answers = answered(6, 4, 50, missing=0.2)
    weights = np.random.default_rng(7).integers(0, 4, 50)
    twice = table_of(np.repeat(truth, weights), np.repeat(answers, weights), 4)
    assert (table_of(truth, answers, 4, weights.astype(float)) == twice).all()


def test_texts_whose_right_label_is_not_known_stand_in_no_table():
    table = table_of(np.array([0, UNKNOWN, 1]), np.array([0, 0, UNKNOWN]), 2)
    assert table.tolist() == [[1, 0, 0], [0, 0, 1]]
    assert math.isnan(accuracy(np.zeros((2, 3))))
    assert math.isnan(balanced_accuracy(np.zeros((2, 3))))


def test_pairs_that_are_confused_most():
    table = np.array([[5.0, 3.0, 2.0, 9.0], [0.0, 4.0, 0.0, 0.0], [3.0, 0.0, 1.0, 0.0]])
    pairs = most_confused(table, "abc", 10)
    assert [(each.truth, each.answer, each.texts) for each in pairs] == [
        ("a", "b", 3),
        ("c", "a", 3),
        ("a", "c", 2),
    ]
    assert pairs[1].share == 0.75
    assert len(most_confused(table, "abc", 1)) == 1


def test_labels_become_numbers_by_their_names():
    column = pd.Series(["b", None, "a"])
    for each in (column, column.astype("category")):
        assert codes(each, "ab").tolist() == [1, UNKNOWN, 0]
    unused = pd.Series(["a"], dtype=pd.CategoricalDtype(["z", "a"]))
    assert codes(unused, "ab").tolist() == [0]
    assert names_in(labelled("az:a?"), ("b", "a")) == ("b", "a", "z")
    assert NONE not in names_in(labelled("a:?"), ("a",))
