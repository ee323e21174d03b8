"""The demo's model: the texts it learns from, and that it has learned to label."""

import json
import time
from random import Random

import pyarrow.parquet as pq
import pytest
from conftest import Project

from batchscope.data import Review, generate_reviews
from batchscope.demo_model import STAGES, answer_token, excerpt, train_tokenizer, training_examples
from batchscope.models import load_tokenizer

REVIEWS = 400
TRAINED = {
    "models": {"demo": {"load_format": "auto"}},
    "dataset": {"generated": {"reviews": REVIEWS}},
    "measure": {"repeats": 1},
    "studies": {
        "packing": None,
        "saturation": {"set": {"layout": "separate", "n": 1, "reviews": REVIEWS}, "grid": {"n": [1]}},
    },
}
RUN = "saturation/separate-n1"


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(
        f"{review.text} a positive or negative comment" for review in generate_reviews(200, 3)
    )


def test_examples_are_the_same_each_time_and_fill_all_stages(tokenizer):
    reviews = generate_reviews(50, 3)
    first, second = ([*training_examples(tokenizer, reviews, 1)] for _ in range(2))
    assert first == second
    assert first != [*training_examples(tokenizer, reviews, 2)]
    tokens = sum(len(example.token_ids) for example in first)
    assert sum(stage.tokens for stage in STAGES) <= tokens < 1.2 * sum(stage.tokens for stage in STAGES)
    assert {len(example.answers) for example in first} == {1, 2, 4}


def test_each_label_is_one_token_and_the_answers_are_labels(tokenizer):
    tokens = {label: answer_token(tokenizer, label) for label in ("positive", "negative")}
    assert tokenizer.decode([tokens["positive"], tokens["negative"]]) == " positive negative"
    examples = [*training_examples(tokenizer, generate_reviews(50, 3), 1)]
    assert {token for example in examples for token in example.answers} == set(tokens.values())


def test_an_excerpt_is_a_few_sentences_of_its_review():
    review = Review("One is good. Two is fine!<br /><br />Three? Four. Five. Six. Seven. Eight.", "positive")
    plain = review.text.replace("<br /><br />", " ")
    for seed in range(50):
        part = excerpt(review, Random(seed))
        assert part.label == review.label
        assert part.text in plain
        assert 0 < len(part.text) < len(plain)
    assert excerpt(Review("Short.", "negative"), Random(0)) == Review("Short.", "negative")


@pytest.mark.engine
def test_the_trained_model_labels_reviews_that_it_has_not_seen(project: Project) -> None:
    start = time.monotonic()
    made = project.snakemake("results/models/demo/manifest.json", config=TRAINED)
    seconds = time.monotonic() - start
    assert made.status == 0, made.text
    assert seconds < 120, "on two cores, the other one busy with other tests"
    assert (
        "model.safetensors"
        in json.loads((project.results / "models/demo/manifest.json").read_text())["files"]
    )

    outcome = project.snakemake(f"results/runs/{RUN}/measurement.json", config=TRAINED)
    assert outcome.status == 0, outcome.text
    assert "prepare_model" not in outcome.rules
    rows = pq.read_table(project.results / "runs" / RUN / "requests.parquet").to_pylist()
    (prompts,) = (project.results / "prompts").glob("*/prompts.jsonl")
    gold = [json.loads(line)["labels"][0] for line in prompts.read_text().splitlines()]
    tokenizer = load_tokenizer(project.results / "models" / "demo")
    labels = [tokenizer.decode(row["output_token_ids"]).strip() for row in rows]
    right = sum(label == wanted for label, wanted in zip(labels, gold, strict=True))
    assert len(gold) == REVIEWS
    assert right / REVIEWS >= 0.9
