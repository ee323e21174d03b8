"""Labels found in a text: words, spellings, labels of several words, beginnings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.label_answers import PUBLISHED, N, P

from batchscope.inputs.answers.label_finder import LabelFinder

CARDS = ["card", "card lost", "card_payment_fee_charged", "lost or stolen card", "Sign-in", "refund"]
SIGNS = ["C++", "C#", "C", "-1", "0", "1", "3 stars", "+", "-"]
SCRIPTS = ["肯定", "否定", "да", "нет", "हिन्दी", "ελληνικά", "👍"]


def published() -> LabelFinder:
    return LabelFinder({word: label.name for label in PUBLISHED.labels for word in label.words})


def of(labels: list[str]) -> LabelFinder:
    return LabelFinder({label: label for label in labels})


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("positive", P), ("Negative", N), ("POSITIVE", P), ("postive", P),  # spellings, the published one too
        ("pos", P), ("neg", N), ("negat", N), ("positiv", P), ("post", P),  # cut; "post" begins "postive"
        ("po", None), ("n", None), ("", None),  # too short to be one
        ("positives", None), ("negatively", None), ("posing", None), ("postit", None), ("good", None), ("ive", None),
    ],
)  # fmt: skip
def test_which_words_are_labels_of_the_published_study(word, label):
    assert published().find(word) == ([label] if label else [])


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        ("positive\nnegative\npositive", [P, N, P]),
        (" Positive, negative; POSITIVE.", [P, N, P]),
        ("1. positive\n2. negative\n3. pos", [P, N, P]),
        ("postive\npostive\nne", [P, P]),  # the last word was cut too short
        ("positive/negative", [P, N]),  # hedging counts as two
        ("The first is negative", [N]),
        ("The first is neg and so on", [N]),
        ("label_positive=1", [P]),  # letters alone make a word
        ("non-negative", [N]),  # the rule does not understand
        ("positivenegative", []),
        ("positive\u00e9", []),
        ("\n\n\n", []),
        ("", []),
    ],
)
def test_labels_of_a_published_answer(answer, labels):
    assert published().find(answer) == labels


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        ("card lost", ["card lost"]),  # never "card"
        ("Card-Lost, CARD", ["card lost", "card"]),
        ("card\nlost", ["card", "lost or stolen card"]),  # a label stands on one line; the second is cut off
        ("card payment fee charged", ["card_payment_fee_charged"]),
        ("card_payment", ["card_payment_fee_charged"]),  # cut off, and longer than "card"
        ("card lo", ["card lost"]),
        ("refund; card lo", ["refund", "card lost"]),
        ("the card lo", ["card"]),  # inside a sentence only whole labels count
        ("i lost my card", ["card"]),
        ("lost or stolen card", ["lost or stolen card"]),
        ("sign in. SIGN_IN", ["Sign-in", "Sign-in"]),
        ("cards", []),
        ("car", []),  # begins three labels
    ],
)
def test_labels_of_several_words(answer, labels):
    assert of(CARDS).find(answer) == labels


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        ("C++\nc\nC#", ["C++", "C", "C#"]),
        ("-1 0 1", ["-1", "0", "1"]),
        ("10", []), ("0.5", []),  # other numbers
        ("3 stars", ["3 stars"]),
        ("+\n-\n+", ["+", "-", "+"]),
    ],
)  # fmt: skip
def test_labels_of_signs_and_digits(answer, labels):
    assert of(SIGNS).find(answer) == labels


@pytest.mark.parametrize("labels", [CARDS, SIGNS, SCRIPTS, [P, N]])
def test_labels_one_a_line_are_read_as_they_are(labels):
    said = labels * 2
    assert of(labels).find("\n".join(said)) == said
    assert of(labels).find("\n".join(f"  {label.upper()} " for label in said)) == said


def test_another_spelling_means_its_label():
    finder = LabelFinder({"refund": "money back", "money back": "money back", "billing": "billing"})
    assert finder.find("refund\nMoney Back\nbill") == ["money back", "money back", "billing"]


def test_without_beginnings_only_whole_words_count():
    finder = LabelFinder({"positive": P, "negative": N}, cut_off=False)
    assert finder.find("pos negative") == [N]


@given(st.lists(st.text(), min_size=1, max_size=6), st.text())
def test_nothing_raises_and_labels_are_the_tasks(spellings, text):
    finder = LabelFinder(dict.fromkeys(spellings, "x"))
    assert set(finder.find(text)) <= {"x"}


@given(st.text(alphabet="PpOoSsIiTtVvEeNnGgAaİ\u017f .,-_\n1é", max_size=40))
def test_the_published_rule_is_what_it_was(text):
    """Word by word, as its first version had it."""
    import re

    spellings = {"positive": P, "negative": N, "postive": P}

    def meant(word: str) -> str | None:
        word = word.lower()
        labels = {label for each, label in spellings.items() if len(word) >= 3 and each.startswith(word)}
        return labels.pop() if len(labels) == 1 else None

    words = [meant(word) for word in re.findall(r"[^\W\d_]+", text)]
    assert published().find(text) == [label for label in words if label]


@given(st.text(alphabet="card lost-_\n é\u2028", max_size=30) | st.text(max_size=30))
def test_spots_spell_their_labels(text):
    finder = of(CARDS)
    spots = finder.spots(text, start=7)
    assert [spot.label for spot in spots] == finder.find(text)
    ends = [7, *(spot.end for spot in spots)]
    for spot, before in zip(spots, ends, strict=False):
        spelt = text[spot.start - 7 : spot.end - 7]
        assert before <= spot.start
        assert finder.find(spelt) == [spot.label]
        assert spelt == spelt.strip()
