"""Probabilities of labels, from what vLLM tells with each token."""

from dataclasses import dataclass
from math import exp, log

import pytest

from batchscope.worker.engine.label_probabilities import label_logprobs, normalised, probabilities_asked

YES, NO = [5, 6], [7]
LABELS = [YES, NO]


@dataclass
class Told:
    logprob: float


def told(**probabilities: float) -> dict[int, Told]:
    return {int(token[1:]): Told(log(value)) for token, value in probabilities.items()}


def shares(values: list[float | None]) -> list[float]:
    return [exp(value) for value in values if value is not None]


def test_the_tokens_of_a_label_add_up() -> None:
    (values,) = label_logprobs([5], [told(_5=0.2, _6=0.1, _7=0.1, _9=0.6)], LABELS, 1)
    assert shares(values) == pytest.approx([0.75, 0.25])


def test_only_places_where_a_label_stands_count() -> None:
    """A line break between two labels has probabilities too."""
    places = [told(_5=0.3, _6=0.3, _7=0.2), told(_5=0.1, _6=0.1, _7=0.1), told(_5=0.1, _6=0.1, _7=0.6)]
    first, second = label_logprobs([6, 99, 7], places, LABELS, 2)
    assert shares(first) == pytest.approx([0.75, 0.25])
    assert shares(second) == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize("output", [[5], [5, 7, 6], [99, 98], []])
def test_with_another_number_of_labels_than_texts_nothing_is_said(output: list[int]) -> None:
    assert label_logprobs(output, [told(_5=0.5, _6=0.1, _7=0.1)] * len(output), LABELS, 2) is None


def test_what_was_not_asked_for_is_not_there() -> None:
    assert label_logprobs([5], None, None, 1) is None


def test_a_label_that_vllm_does_not_tell_is_not_known() -> None:
    (values,) = label_logprobs([5], [told(_5=0.5, _1=0.2)], LABELS, 1)
    assert values == [0.0, None]


def test_impossible_labels() -> None:
    assert normalised([float("-inf"), 0.0]) == [float("-inf"), 0.0]
    assert normalised([None, None]) == [None, None]


def test_very_small_probabilities_are_normalised() -> None:
    assert shares(normalised([-2000.0, -2000.0])) == pytest.approx([0.5, 0.5])


def test_what_vllm_is_asked_for() -> None:
    assert probabilities_asked(None, by_id=True) == {}
    assert probabilities_asked(LABELS, by_id=True) == {"logprob_token_ids": [5, 6, 7]}
    assert probabilities_asked(LABELS, by_id=False) == {"logprobs": 20}
    many = [[number] for number in range(129)]
    assert probabilities_asked(many, by_id=True) == {"logprobs": 20}
