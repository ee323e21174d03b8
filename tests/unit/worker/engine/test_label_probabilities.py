"""Probabilities of labels, from what vLLM tells with each token."""

from dataclasses import dataclass
from math import exp, log

import pytest

from batchscope.worker.engine.label_probabilities import (
    NOTHING,
    Wanted,
    answer_logprobs,
    chosen_by,
    label_logprobs,
    normalised,
    probabilities_asked,
)

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
    (values,) = label_logprobs([5], [told(_5=0.2, _6=0.1, _7=0.1, _9=0.6)], LABELS)
    assert shares(values) == pytest.approx([0.75, 0.25])


def test_only_places_where_a_label_stands_count() -> None:
    """A line break between two labels has probabilities too."""
    places = [told(_5=0.3, _6=0.3, _7=0.2), told(_5=0.1, _6=0.1, _7=0.1), told(_5=0.1, _6=0.1, _7=0.6)]
    first, second = label_logprobs([6, 99, 7], places, LABELS)
    assert shares(first) == pytest.approx([0.75, 0.25])
    assert shares(second) == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize(("output", "labels"), [([5], 1), ([5, 7, 6], 3), ([99, 98], 0), ([], 0)])
def test_every_label_is_told_however_many_there_are(output: list[int], labels: int) -> None:
    found = label_logprobs(output, [told(_5=0.5, _6=0.1, _7=0.1)] * len(output), LABELS)
    assert found is not None
    assert len(found) == labels


def test_what_was_not_asked_for_is_not_there() -> None:
    assert label_logprobs([5], None, None) is None


def test_a_label_that_vllm_does_not_tell_is_not_known() -> None:
    (values,) = label_logprobs([5], [told(_5=0.5, _1=0.2)], LABELS)
    assert values == [0.0, None]


def test_the_answers_own_tokens() -> None:
    places = [told(_5=0.5, _7=0.2), told(_99=0.25)]
    assert answer_logprobs([5, 99], places) == [log(0.5), log(0.25)]
    with pytest.raises(ValueError, match="zip"):
        answer_logprobs([5, 99], None)


@pytest.mark.parametrize(
    ("places", "sound"),
    [
        ([told(_5=0.4, _7=0.3), told(_99=1.0)], True),
        ([told(_5=0.3, _7=0.3), told(_99=0.2)], True),  # as probable as another: the first one was taken
        ([told(_5=0.3, _7=0.4), told(_99=1.0)], False),  # 7 was not allowed, and is more probable
        ([told(_5=0.4), told(_99=2.0)], False),  # no probability
        ([told(_5=0.4), told(_99=1.00001)], True),
    ],
)
def test_tokens_are_chosen_by_the_probabilities_that_are_told(
    places: list[dict[int, Told]], sound: bool
) -> None:
    assert chosen_by([5, 99], places) == sound


def test_impossible_labels() -> None:
    assert normalised([float("-inf"), 0.0]) == [float("-inf"), 0.0]
    assert normalised([None, None]) == [None, None]


def test_very_small_probabilities_are_normalised() -> None:
    assert shares(normalised([-2000.0, -2000.0])) == pytest.approx([0.5, 0.5])


def test_what_vllm_is_asked_for() -> None:
    assert probabilities_asked(NOTHING, by_id=True) == {}
    assert probabilities_asked(Wanted(LABELS), by_id=True) == {"logprob_token_ids": [5, 6, 7]}
    assert probabilities_asked(Wanted(LABELS), by_id=False) == {"logprobs": 20}
    many = [[number] for number in range(129)]
    assert probabilities_asked(Wanted(many), by_id=True) == {"logprobs": 20}
    assert probabilities_asked(Wanted(answer=True), by_id=True) == {"logprobs": 1}
    assert [each.any for each in (NOTHING, Wanted(LABELS), Wanted(answer=True))] == [False, True, True]
