"""Limits of answers, as they travel to the worker and as a pass is held to them."""

import json

import pytest

from batchscope.common.answer_limits import (
    AnswerLimits,
    AskedAnswers,
    asked_answers,
    exactly,
    output_tokens_check,
)

GRAMMAR = AnswerLimits(2, 9, usual=4, grammar='root ::= "é"')


def test_a_job_holds_all_of_it() -> None:
    asked = AskedAnswers({1: AnswerLimits(1, 1, allowed_token_ids=[5, 7]), 40: GRAMMAR}, [[5], [7, 8]])
    assert asked_answers(json.loads(json.dumps(asked.as_json()))) == asked


def test_the_summary_says_what_holds_an_answer() -> None:
    asked = AskedAnswers({1: AnswerLimits(1, 1, allowed_token_ids=[5]), 2: GRAMMAR, 3: AnswerLimits(3, 3)})
    assert [(line["n"], line["restricted_by"]) for line in asked.summary()] == [
        (1, "tokens"),
        (2, "grammar"),
        (3, None),
    ]
    assert asked.summary()[1] == {
        "n": 2,
        "least": 2,
        "most": 9,
        "restricted_by": "grammar",
        "confidence": None,
    }
    kinds = (AskedAnswers({1: GRAMMAR}, [[5], [7]]), AskedAnswers({1: GRAMMAR}, answer_logprobs=True))
    assert [each.summary()[0]["confidence"] for each in kinds] == ["labels", "answer"]


def test_exact_limits() -> None:
    asked = exactly(2, 4, 1)
    assert {n: (each.least, each.most, each.exact) for n, each in asked.limits.items()} == {
        4: (8, 8, True),
        1: (2, 2, True),
    }


def test_what_to_plan_with() -> None:
    assert (GRAMMAR.expected, AnswerLimits(3, 3).expected) == (4, 3)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [([4, 2], (6, 6)), ([4, 1], (5, 6)), ([2, 4], (6, 6)), ([4], (4, 6))],
)
def test_where_answers_have_an_exact_length_their_sum_counts(
    found: list[int], outcome: tuple[int, int]
) -> None:
    limits = [AnswerLimits(4, 4), AnswerLimits(2, 2)]
    assert output_tokens_check(found, limits)[1:3] == outcome


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        ([2, 2], (2, 2)),
        ([9, 2], (2, 2)),
        ([10, 2], (1, 2)),
        ([1, 2], (1, 2)),
        ([5], (1, 2)),
        ([5, 3], (1, 2)),
    ],
)
def test_where_it_varies_each_answer_is_held_to_its_bounds(
    found: list[int], outcome: tuple[int, int]
) -> None:
    code, *counts, what = output_tokens_check(found, [GRAMMAR, AnswerLimits(2, 2)])
    assert (code, tuple(counts)) == ("output_tokens", outcome)
    assert "(2 to 9)" in what
