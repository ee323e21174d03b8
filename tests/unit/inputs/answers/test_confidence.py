"""How sure a model was of each label, from the log-probabilities that its engine told."""

from math import log, prod

import numpy as np
import pytest
from scipy.special import softmax
from support.label_answers import label_tokenizer

from batchscope.config.task import Task
from batchscope.inputs.answers.confidence import among_labels, of_tokens, share_of
from batchscope.inputs.answers.reader import AnswerReader
from batchscope.inputs.answers.token_places import TokenPlace

FIRST, SECOND = TokenPlace(0, 2, 3), TokenPlace(3, 4, 5)
TOLD = [log(value) for value in (0.9, 0.8, 0.5, 0.7, 0.6)]


def test_shares_of_all_labels_add_up_to_one() -> None:
    logprobs = np.log(np.random.default_rng(0).dirichlet(np.ones(77)) / 3)
    found = [share_of(logprobs, label) for label in range(77)]
    assert found == pytest.approx(softmax(logprobs).tolist())
    assert share_of([None, float("-inf")], 0) is None
    assert share_of([None, -900.0], 1) == 1.0


def test_the_tokens_of_each_label_are_multiplied() -> None:
    assert of_tokens([FIRST, SECOND], ["a", "b"], TOLD, ()) == pytest.approx([0.72, 0.7])
    assert of_tokens([FIRST, SECOND], ["a", "b"], TOLD, {"a"}) == pytest.approx([0.36, 0.7])
    assert of_tokens([None, SECOND], [None, "b"], TOLD, ()) == pytest.approx([None, 0.7])
    assert of_tokens([FIRST], ["a"], [1e-6, 1e-6, 0.0], ()) == [1.0], "a rounded probability of 1"


def test_of_other_probabilities_than_tokens_nothing_is_known() -> None:
    assert of_tokens([FIRST, SECOND], ["a", "b"], TOLD[:4], ()) == pytest.approx([0.72, None])


def test_each_text_has_the_probabilities_at_its_own_label() -> None:
    told = [[log(0.6), log(0.2)], [log(0.3), log(0.3)], [log(0.1), log(0.4)]]
    places = [TokenPlace(4, 5, 5), None, TokenPlace(0, 1, 2), TokenPlace(8, 9, 9)]
    assert among_labels(places, [1, None, 0, 0], [0, 2, 4], told) == pytest.approx([0.8, None, 0.75, None])
    assert among_labels(places, [1, None, 0, 0], [0, 4], told) == [None] * 4, "three told, and two labels"


def test_labels_that_may_go_on_as_others() -> None:
    task = Task.model_validate({"labels": ["card", "card lost", "refund", "re"]})
    found = {
        answer: AnswerReader(label_tokenizer(), task, answer).open_labels
        for answer in ("free", "labels", "json", "codes")
    }
    assert found == {
        "free": frozenset(),
        "labels": {"card", "re"},
        "json": {"card", "re"},
        "codes": frozenset(),
    }
    many = Task.model_validate({"labels": [f"class {number}" for number in range(400)]})
    assert "class 0" in AnswerReader(label_tokenizer(), many, "codes").open_labels, "its code 1 begins 10"


def test_probabilities_of_all_labels_that_a_grammar_allows_add_up_to_one() -> None:
    """A model of three tokens, by hand: the label that may go on needs what ends it, and only it does."""
    task = Task.model_validate({"labels": ["a", "ab", "b"]})
    start, goes_on = {"a": 0.7, "b": 0.3}, {"b": 0.4, "\n": 0.6}
    answers = {
        "a": [start["a"], goes_on["\n"]],
        "ab": [start["a"], goes_on["b"], 1.0],
        "b": [start["b"], 1.0],
    }
    reader = AnswerReader(label_tokenizer(), task, "labels")
    found = []
    for label, probabilities in answers.items():
        place = TokenPlace(0, len(label), len(label) + 1)
        found += of_tokens([place], [label], [log(value) for value in probabilities], reader.open_labels)
    assert found == pytest.approx([prod(each) for each in answers.values()])
    assert sum(value or 0 for value in found) == pytest.approx(1)
