import math
import re
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, median

import pytest

from batchscope.inputs.texts.generate import generate_reviews
from batchscope.inputs.texts.source_text import SourceText, content_sha256

SHA256_OF_4000_SEED_0 = "e8295811f4eea37e79720772e583349881cd645f4d5e60ca5c9e1ec3f7e13465"


@pytest.fixture(scope="module")
def reviews() -> list[SourceText]:
    return generate_reviews(4000, seed=0)


def test_the_default_reviews_never_change(reviews: list[SourceText]) -> None:
    assert content_sha256(reviews) == SHA256_OF_4000_SEED_0


def test_seed_and_count(reviews: list[SourceText]) -> None:
    assert generate_reviews(300, seed=0) == reviews[:300]
    assert generate_reviews(300, seed=1) != reviews[:300]
    assert [len(generate_reviews(count, seed=0)) for count in (1, 3, 101)] == [1, 3, 101]


def test_labels_are_balanced_and_in_random_order(reviews: list[SourceText]) -> None:
    labels = [review.label for review in reviews]
    assert Counter(labels) == {"positive": 2000, "negative": 2000}
    changes = sum(a != b for a, b in pairwise(labels))
    assert 1850 < changes < 2200


def test_texts_are_distinct_single_lines(reviews: list[SourceText]) -> None:
    assert len({review.content for review in reviews}) == 4000
    assert not any(len(review.content.splitlines()) != 1 for review in reviews)
    assert not any("{" in review.content or "  " in review.content for review in reviews)


def test_lengths_are_those_of_imdb(reviews: list[SourceText]) -> None:
    words = [len(review.content.split()) for review in reviews]
    characters = [len(review.content) for review in reviews]
    assert fmean(words) == pytest.approx(231, rel=0.05)
    assert median(words) == pytest.approx(173, rel=0.05)
    assert fmean(characters) == pytest.approx(1310, rel=0.05)
    assert median(characters) == pytest.approx(970, rel=0.05)
    assert fmean("<br /><br />" in review.content for review in reviews) == pytest.approx(0.58, abs=0.06)


@pytest.mark.parametrize(
    ("span", "least"), [("the whole review", 0.95), ("its first half", 0.8), ("its second half", 0.8)]
)
def test_many_words_carry_the_label(reviews: list[SourceText], span: str, least: float) -> None:
    def words(review: SourceText) -> list[str]:
        found = re.findall("[a-z]+", review.content.lower())
        middle = len(found) // 2
        return {"the whole review": found, "its first half": found[:middle]}.get(span, found[middle:])

    accuracy = naive_bayes_accuracy(
        [(words(review), review.label) for review in reviews[:3000]],
        [(words(review), review.label) for review in reviews[3000:]],
    )
    assert least < accuracy < 1


def test_4000_reviews_take_less_than_three_seconds() -> None:
    start = time.process_time()
    generate_reviews(4000, seed=7)
    assert time.process_time() - start < 3


def naive_bayes_accuracy(
    train: Sequence[tuple[list[str], str]], test: Sequence[tuple[list[str], str]]
) -> float:
    counts: dict[str, Counter[str]] = {"positive": Counter(), "negative": Counter()}
    for words, label in train:
        counts[label].update(words)
    vocabulary = len(counts["positive"] | counts["negative"])
    total = {label: counter.total() + vocabulary for label, counter in counts.items()}

    def score(words: list[str], label: str) -> float:
        return sum(math.log((counts[label][word] + 1) / total[label]) for word in words)

    return fmean(
        (score(words, "positive") > score(words, "negative")) == (label == "positive")
        for words, label in test
    )
