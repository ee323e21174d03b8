"""Labels read from answers: words, separators, tokens of restricted decoding."""

import pytest
from support.label_answers import N, P, ids_of, label_tokenizer
from tokenizers import Tokenizer

from batchscope.inputs.labels import AnswerReader, assign, label_of, labels_in


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return label_tokenizer()


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("positive", P), ("Negative", N), ("POSITIVE", P), ("postive", P),  # spellings, the published one too
        ("pos", P), ("neg", N), ("negat", N), ("positiv", P), ("post", P),  # cut; "post" begins "postive"
        ("po", None), ("n", None), ("", None),  # too short to be one
        ("positives", None), ("negatively", None), ("posing", None), ("postit", None), ("good", None), ("ive", None),
    ],
)  # fmt: skip
def test_which_words_are_labels(word, label):
    assert label_of(word) == label


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        ("positive\nnegative\npositive", [P, N, P]),
        (" Positive, negative; POSITIVE.", [P, N, P]),
        ("1. positive\n2. negative\n3. pos", [P, N, P]),
        ("postive\npostive\nne", [P, P]),  # the last word was cut too short
        ("positive/negative", [P, N]),  # hedging counts as two
        ("The first is negative", [N]),
        ("label_positive=1", [P]),  # letters alone make a word
        ("non-negative", [N]),  # the rule does not understand
        ("positivenegative", []),
        ("positive\u00e9", []),
        ("\n\n\n", []),
        ("", []),
    ],
)
def test_labels_of_an_answer(answer, labels):
    assert labels_in(answer) == labels


@pytest.mark.parametrize(
    ("answer", "n", "labels"),
    [
        (
            "positive\nnegative\npositive\nnegative",
            4,
            [P, N, None, None],
        ),  # line breaks take half of the tokens
        (" positive negative positive", 3, [P, N, P]),
        (" positive\n negative\n", 1, [P]),
        ("\nnegative", 1, [None]),
    ],
)
def test_separators_take_tokens_that_labels_needed(tokenizer, answer, n, labels):
    (found,) = AnswerReader(tokenizer).read([ids_of(tokenizer, answer, n)])
    assert assign(found, n) == labels


def test_tokens_of_restricted_decoding_are_read_one_by_one(tokenizer):
    words = [ids_of(tokenizer, word) for word in ("positive", "negative", " positive", "negative")]
    assert [len(word) for word in words] == [1, 1, 1, 1]
    answer = [word[0] for word in words]
    assert tokenizer.decode(answer) == "positivenegative positivenegative"
    assert AnswerReader(tokenizer, "labels").read([answer]) == [[P, N, P, N]]
    assert AnswerReader(tokenizer, "free").read([answer]) == [[]], "its text holds no word that is a label"


def test_equal_answers_are_decoded_once(tokenizer):
    class Counting:
        decoded = 0

        def decode_batch(self, batch: list[list[int]]) -> list[str]:
            self.decoded += len(batch)
            return tokenizer.decode_batch(batch)

    counting = Counting()
    reader = AnswerReader(counting)  # type: ignore[arg-type]
    answers = [ids_of(tokenizer, text) for text in ("positive", "negative", "positive")]
    assert reader.read(answers) == reader.read(answers) == [[P], [N], [P]]
    assert counting.decoded == 2


def test_surplus_labels_belong_to_no_review():
    assert assign([P, N, P], 2) == [P, N]
    assert assign([], 2) == [None, None]
