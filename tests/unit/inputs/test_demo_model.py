"""The texts that the demo's model learns from."""

from random import Random

import pytest

from batchscope.inputs.demo_model import STAGES, answer_token, excerpt, train_tokenizer, training_examples
from batchscope.inputs.texts.generate import generate_reviews
from batchscope.inputs.texts.source_text import SourceText


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(
        f"{review.content} a positive or negative comment" for review in generate_reviews(200, 3)
    )


@pytest.fixture(scope="module")
def examples(tokenizer):
    return [*training_examples(tokenizer, generate_reviews(50, 3), 1)]


def test_examples_are_the_same_each_time_and_fill_all_stages(tokenizer, examples):
    reviews = generate_reviews(50, 3)
    assert [*training_examples(tokenizer, reviews, 1)] == examples
    other = training_examples(tokenizer, reviews, 2)
    assert any(one != another for one, another in zip(other, examples, strict=False))
    tokens = sum(len(example.token_ids) for example in examples)
    assert sum(stage.tokens for stage in STAGES) <= tokens < 1.2 * sum(stage.tokens for stage in STAGES)
    assert {len(example.answers) for example in examples} == {1, 2, 4}


def test_each_label_is_one_token_and_the_answers_are_labels(tokenizer, examples):
    tokens = {label: answer_token(tokenizer, label) for label in ("positive", "negative")}
    assert tokenizer.decode([tokens["positive"], tokens["negative"]]) == " positive negative"
    assert {token for example in examples for token in example.answers} == set(tokens.values())


def test_an_excerpt_is_a_few_sentences_of_its_review():
    review = SourceText(
        "One is good. Two is fine!<br /><br />Three? Four. Five. Six. Seven. Eight.", "positive"
    )
    plain = review.content.replace("<br /><br />", " ")
    for seed in range(50):
        part = excerpt(review, Random(seed))
        assert part.label == review.label
        assert part.content in plain
        assert 0 < len(part.content) < len(plain)
    assert excerpt(SourceText("Short.", "negative"), Random(0)) == SourceText("Short.", "negative")
