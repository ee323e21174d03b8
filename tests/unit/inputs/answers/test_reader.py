"""Labels read from answers in every form: in order, by number, token by token, as JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.label_answers import PUBLISHED, N, P, ids_of, label_tokenizer
from tokenizers import Tokenizer

from batchscope.config.task import Task
from batchscope.inputs.answers.reader import Answer, AnswerReader

CARDS = Task.model_validate({"labels": ["card", "card lost", "refund"]})
STARS = Task.model_validate({"labels": [1, 2, 3, 4, 5]})
TOKENIZER = label_tokenizer()


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return TOKENIZER


def read(text: str, n: int, task: Task = CARDS, answer: str = "free", numbered: bool = False) -> Answer:
    (found,) = AnswerReader(TOKENIZER, task, answer, numbered).read([ids_of(TOKENIZER, text)], [n])
    return found


@pytest.mark.parametrize(
    ("answer", "n", "labels"),
    [
        # line breaks take half of the tokens
        ("positive\nnegative\npositive\nnegative", 4, (P, N, None, None)),
        (" positive negative positive", 3, (P, N, P)),
        (" positive\n negative\n", 1, (P,)),
        ("\nnegative", 1, (None,)),
    ],
)
def test_separators_take_tokens_that_labels_needed(tokenizer, answer, n, labels):
    (found,) = AnswerReader(tokenizer, PUBLISHED).read([ids_of(tokenizer, answer, n)], [n])
    assert found.labels == labels


def test_tokens_of_restricted_answers_are_read_one_by_one(tokenizer):
    words = [ids_of(tokenizer, word) for word in ("positive", "negative", " positive", "negative")]
    assert [len(word) for word in words] == [1, 1, 1, 1]
    answer = [word[0] for word in words]
    assert tokenizer.decode(answer) == "positivenegative positivenegative"
    assert AnswerReader(tokenizer, PUBLISHED, "labels").read([answer], [4]) == [Answer((P, N, P, N), 4)]
    (joined,) = AnswerReader(tokenizer, PUBLISHED, "free").read([answer], [4])
    assert joined.found == 0, "its text holds no word that is a label"


def test_codes_without_separators_are_read_one_by_one():
    assert read("ABA", 3, PUBLISHED, "codes").labels == (P, N, P)
    assert read("CAB", 3, CARDS, "codes").labels == ("refund", "card", "card lost")
    assert read("CAX", 3, CARDS, "codes") == Answer(("refund", "card", None), 2)


def test_labels_of_several_tokens_are_read_line_by_line():
    assert read("card lost\ncard\nrefund", 3, answer="labels").labels == ("card lost", "card", "refund")


def test_missing_and_surplus_labels_are_counted():
    found = read("refund, refund, card", 2)
    assert (found.labels, found.found, found.missing, found.surplus) == (("refund", "refund"), 3, 0, 1)
    found = read("refund", 3)
    assert (found.labels, found.found, found.missing, found.surplus) == (("refund", None, None), 1, 2, 0)


@pytest.mark.parametrize(
    ("answer", "labels", "surplus"),
    [
        ("1. card\n2. card lost\n3. refund", ("card", "card lost", "refund"), 0),
        ("1. card\n3. refund", ("card", None, "refund"), 0),  # a missing line shifts nothing
        ("3. refund\n1. card\n2. card", ("card", "card", "refund"), 0),
        ("1. card\n2. card\n3. card\n4. refund", ("card", "card", "card"), 1),
        ("1. card\n2. what?\n3. refund", ("card", None, "refund"), 0),
        ("1. card\n1. refund\n2. refund", ("card", "refund", None), 1),  # the first answer counts
        ("1. card or refund\n2. card\n3. card", ("card", "card", "card"), 1),
        ("Labels (card, refund):\n1. card\n2. card\n3. card", ("card", "card", "card"), 0),
        (" card\n2. refund\n3. card", ("card", "refund", "card"), 0),  # the prompt ended with "1."
        ("1: card 2: refund 3: card", ("card", "refund", "card"), 0),
        ("card\nrefund\ncard", ("card", "refund", "card"), 0),  # no numbers
        ("1. card\n2. card lo", ("card", "card lost", None), 0),  # cut off
        ("0. card\n1. refund", ("refund", None, None), 1),
        ("", (None, None, None), 0),
    ],
)
def test_numbered_lines_are_read_by_their_number(answer, labels, surplus):
    found = read(answer, 3, numbered=True)
    assert (found.labels, found.surplus) == (labels, surplus)


def test_numbers_that_are_labels_are_not_taken_for_lines():
    assert read("1. 5\n2. 1\n3. 2", 3, STARS, numbered=True).labels == ("5", "1", "2")
    assert read("1. 5\n3. 2", 3, STARS, numbered=True).labels == ("5", None, "2")
    assert read("5\n1\n2", 3, STARS, numbered=True).labels == ("5", "1", "2")
    for answer in ("2.", "2", "1. 2"):
        assert read(answer, 1, STARS, numbered=True).labels == ("2",)


def test_numbered_codes():
    assert read("1. C\n2. A\n4. B", 4, CARDS, "codes", numbered=True).labels == (
        "refund",
        "card",
        None,
        "card lost",
    )


def test_codes_of_many_labels_are_pairs_of_letters():
    many = Task.model_validate({"labels": [f"class {number}" for number in range(30)]})
    assert read("AP\nAA\nBT", 3, many, "codes").labels == ("class 8", "class 0", "class 29")
    assert read("1. AP\n3. BT", 3, many, "codes", numbered=True).labels == ("class 8", None, "class 29")


def test_codes_of_very_many_labels_are_numbers():
    many = Task.model_validate({"labels": [f"class {number}" for number in range(400)]})
    assert read("12\n1\n30", 3, many, "codes").labels == ("class 11", "class 0", "class 29")
    assert read("1. 12\n3. 30", 3, many, "codes", numbered=True).labels == ("class 11", None, "class 29")


@pytest.mark.parametrize(
    ("answer", "n", "labels", "surplus"),
    [
        ('{"label": "card lost"}', 1, ("card lost",), 0),
        ('{"1": "card", "2": "refund"}', 2, ("card", "refund"), 0),
        ('{"2": "refund"}', 2, (None, "refund"), 0),
        ('{"1": "card", "2": "refund", "3": "card"}', 2, ("card", "refund"), 1),
        ('{"1": "CARD", "1": "refund"}', 2, ("card", None), 1),
        ('{"1": "card", "2": "refu', 2, ("card", "refund"), 0),
        ('{"1": "card", "x": "refund"}', 2, ("card", None), 1),
        ('{"1": 3}', 1, (None,), 0),
        ("card", 1, ("card",), 0),
    ],
)
def test_json(answer, n, labels, surplus):
    found = read(answer, n, answer="json")
    assert (found.labels, found.surplus) == (labels, surplus)


def test_equal_answers_are_decoded_once(tokenizer):
    class Counting:
        decoded = 0

        def decode_batch(self, batch: list[list[int]]) -> list[str]:
            self.decoded += len(batch)
            return tokenizer.decode_batch(batch)

    counting = Counting()
    reader = AnswerReader(counting, PUBLISHED)  # type: ignore[arg-type]
    answers = [ids_of(tokenizer, text) for text in ("positive", "negative", "positive")]
    assert reader.read(answers, [1, 1, 1]) == reader.read(answers, [1, 1, 1])
    assert [answer.labels for answer in reader.read(answers, [1, 1, 1])] == [(P,), (N,), (P,)]
    assert counting.decoded == 2


def test_an_equal_answer_to_more_texts_is_another():
    reader = AnswerReader(TOKENIZER, PUBLISHED)
    ids = ids_of(TOKENIZER, "positive")
    assert [answer.labels for answer in reader.read([ids, ids], [1, 2])] == [(P,), (P, None)]


@given(
    st.text(alphabet='12. ):{}":card lostABC\n-refund', max_size=60) | st.text(max_size=20),
    st.integers(1, 5),
    st.sampled_from(["free", "labels", "codes", "json"]),
    st.booleans(),
    st.sampled_from([CARDS, STARS, PUBLISHED]),
)
def test_any_answer_can_be_read(text, n, answer, numbered, task):
    found = AnswerReader(TOKENIZER, task, answer, numbered).read_text(text, n)
    assert len(found.labels) == n
    assert set(found.labels) <= {*task.names, None}
    assert found.missing + found.found - found.surplus == n
    assert found.surplus >= 0
