"""What requests to the server say of their answers."""

from dataclasses import dataclass

from batchscope.common.answer_limits import AnswerLimits
from batchscope.worker.server.answer_bodies import bodies_of, body_of


@dataclass
class Asked:
    answer: AnswerLimits
    texts: int


def test_the_body_of_an_answer() -> None:
    assert body_of(AnswerLimits(4, 4)) == {}
    assert body_of(AnswerLimits(4, 4, allowed_token_ids=[3])) == {"allowed_token_ids": [3]}
    assert body_of(AnswerLimits(1, 9)) == {"ignore_eos": False}
    assert body_of(AnswerLimits(1, 9, grammar="g")) == {
        "structured_outputs": {"grammar": "g"},
        "ignore_eos": False,
    }


def test_fields_that_all_share_are_given_once() -> None:
    alike = [Asked(AnswerLimits(n, n, allowed_token_ids=[3]), n) for n in (4, 4, 1)]
    assert bodies_of(alike).common == {"allowed_token_ids": [3]}
    assert not bodies_of(alike).each
    assert bodies_of([]).common == {}


def test_a_smaller_last_prompt_has_a_grammar_of_its_own() -> None:
    requests = [Asked(AnswerLimits(1, 9, grammar=f"g{n}"), n) for n in (4, 4, 1)]
    bodies = bodies_of(requests)
    assert bodies.common == {}
    assert {n: body["structured_outputs"]["grammar"] for n, body in bodies.each.items()} == {4: "g4", 1: "g1"}
