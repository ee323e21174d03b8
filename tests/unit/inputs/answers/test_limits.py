"""What runs ask for: exact lengths where they can be, bounds that hold where not."""

from random import Random

import pytest
from support import llama3
from support.label_answers import PUBLISHED, ids_of, label_tokenizer

from batchscope.common.answer_limits import asked_answers
from batchscope.config.task import Task
from batchscope.config.workload import Workload
from batchscope.inputs.answers.grammar import shape_of, written
from batchscope.inputs.answers.limits import answers_asked, longest_token
from batchscope.inputs.answers.reader import AnswerReader, spelled

TOKENIZER = label_tokenizer()
CARDS = Task.model_validate({"labels": ["card", "card lost", 'say "no"', "überfällig"]})


def asked(task: Task, *sizes: int, packed: bool = True, **workload: object):
    values = {"layout": "packed" if packed else "separate", **workload}
    return answers_asked(Workload.model_validate(values), task, sizes or (1, 4), TOKENIZER, packed)


def test_free_answers_have_the_length_asked_for() -> None:
    found = asked(PUBLISHED, output_tokens_per_text=3)
    assert {n: (each.least, each.most) for n, each in found.limits.items()} == {1: (3, 3), 4: (12, 12)}
    assert all(each.restricted_by is None for each in found.limits.values())


def test_a_free_answer_that_the_model_ends_has_room_for_the_longest_labels() -> None:
    limits = asked(CARDS, 4, output_tokens_per_text=None, numbered=True).limits[4]
    longest = max(CARDS.names, key=lambda name: len(ids_of(TOKENIZER, name)))
    lines = "\n".join(f"{number}. {longest}" for number in range(1, 5))
    assert limits.least == 1
    assert limits.most > len(ids_of(TOKENIZER, lines)) >= limits.expected - 1
    assert not limits.exact


def test_labels_of_one_token_are_allowed_and_nothing_else() -> None:
    found = asked(PUBLISHED, answer="labels", output_tokens_per_text=5)
    tokens = [ids_of(TOKENIZER, form)[0] for name in PUBLISHED.names for form in (name, f" {name}")]
    assert {n: (each.least, each.most) for n, each in found.limits.items()} == {1: (1, 1), 4: (4, 4)}
    assert found.limits[4].allowed_token_ids == sorted(tokens)


def test_codes_are_one_token_where_labels_are_not() -> None:
    assert asked(CARDS, answer="labels").limits[4].restricted_by == "grammar"
    assert asked(CARDS, answer="codes").limits[4].restricted_by == "tokens"
    assert asked(CARDS, answer="codes", numbered=True).limits[4].restricted_by == "grammar"
    assert asked(CARDS, 1, answer="codes", numbered=True, packed=False).limits[1].restricted_by == "tokens"
    assert asked(PUBLISHED, answer="json").limits[4].restricted_by == "grammar"


@pytest.mark.parametrize("form", ["labels", "codes", "json"])
@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("task", [PUBLISHED, CARDS])
def test_bounds_hold_for_any_labels_and_any_tokens(task: Task, form: str, numbered: bool) -> None:
    """Whatever labels an answer has: its own tokens, and one for each of its bytes, are within the bounds."""
    rng = Random(3)
    words = written(list(spelled(task, form).values()), form)
    for n in (1, 2, 7, 40):
        limits = asked(task, n, answer=form, numbered=numbered).limits[n]
        around = shape_of(n, form, numbered, packed=True)
        for labels in ([min(words, key=len)] * n, [max(words, key=len)] * n, rng.choices(words, k=n)):
            text = around[0] + "".join(label + after for label, after in zip(labels, around[1:], strict=True))
            if limits.restricted_by == "grammar":
                assert limits.least <= len(ids_of(TOKENIZER, text)) + 1 <= limits.most
                assert len(text.encode()) + 2 <= limits.most, "a blank before, and the end"
                assert AnswerReader(TOKENIZER, task, form, numbered).read_text(text, n).missing == 0
            else:
                assert limits.least == limits.most == n


def test_the_longest_token_is_made_of_the_answers_characters() -> None:
    text = " positive\nnegative"
    assert longest_token(TOKENIZER, text) == len(" positive") + 1  # its blank is a letter of two bytes there
    assert longest_token(TOKENIZER, "xyz") == 1


def test_the_longest_token_of_llama_3() -> None:
    """Its vocabulary has runs of 128 blanks and 64 dots, which no label has."""
    assert longest_token(llama3.tokenizer(), "1. positive\n2. negative") <= 20


def test_probabilities_of_all_labels_where_each_is_one_token_else_of_the_answers_tokens() -> None:
    assert asked(PUBLISHED).confidence is None
    found = asked(PUBLISHED, confidence=True)
    assert found.label_token_ids is not None
    assert [len(tokens) for tokens in found.label_token_ids] == [2, 2]
    assert asked(CARDS, answer="codes", confidence=True).confidence == "labels"
    for answer in ("labels", "json", "free"):
        found = asked(CARDS, answer=answer, confidence=True, output_tokens_per_text=None)
        assert (found.label_token_ids, found.answer_logprobs, found.confidence) == (None, True, "answer")
    assert asked_answers(found.as_json()) == found
