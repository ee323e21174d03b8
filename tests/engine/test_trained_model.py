"""The demo's model, trained: it labels reviews that it has not seen."""

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from support.project import Project

from batchscope.inputs.demo_model import train_tokenizer
from batchscope.inputs.models import load_tokenizer
from batchscope.inputs.texts.generate import generate_reviews

REVIEWS = 400

TRAINED = {
    "models": {"demo": {"load_format": "auto"}},
    "dataset": {"generated": {"texts": REVIEWS}},
    "measure": {"repeats": 1},
    "studies": {
        "packing": None,
        "saturation": None,
        "decoding": {
            "set": {"texts": REVIEWS},
            "grid": {"n": [4], "answer": ["labels"]},
            "include": [{"layout": "separate", "n": 1}],
        },
    },
}

ALONE, RESTRICTED = "decoding/separate-n1", "decoding/packed-n4-decoding-labels"


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(
        f"{review.content} a positive or negative comment" for review in generate_reviews(200, 3)
    )


@pytest.mark.engine
@pytest.mark.long
def test_the_trained_model_labels_reviews_that_it_has_not_seen(trained: Project, tmp_path: Path) -> None:
    project = trained.copy(tmp_path / "labelled")
    manifest = json.loads((project.results / "models" / "demo" / "manifest.json").read_text())
    assert "model.safetensors" in manifest["files"]

    outcome = project.snakemake("results/tables/summary.html", config=TRAINED)
    assert outcome.status == 0, outcome.text
    assert "prepare_model" not in outcome.rules
    assert outcome.measured == {ALONE, RESTRICTED}
    right, asked = labelled_right(project, ALONE)
    assert asked == REVIEWS
    assert right / asked >= 0.9
    runs = pd.read_parquet(project.results / "tables" / "runs.parquet").set_index("run")
    assert runs.loc["separate-n1", "accuracy"] == right / asked
    assert labels_allowed(project) >= output_tokens(project, RESTRICTED), "nothing but labels"
    assert runs.loc["packed-n4-decoding-labels", "label_coverage"] == 1.0


def labelled_right(project: Project, run: str) -> tuple[int, int]:
    """Counted without the workflow's own reader of labels: each answer is one word."""
    rows = pq.read_table(project.results / "runs" / run / "requests.parquet").to_pylist()
    prompts = project.results / "prompts" / "demo-separate-r400" / "prompts.jsonl"
    gold = [json.loads(line)["labels"][0] for line in prompts.read_text().splitlines()]
    tokenizer = load_tokenizer(project.results / "models" / "demo")
    labels = [tokenizer.decode(row["output_token_ids"]).strip() for row in rows]
    return sum(label == wanted for label, wanted in zip(labels, gold, strict=True)), len(gold)


def output_tokens(project: Project, run: str) -> set[int]:
    rows = pq.read_table(project.results / "runs" / run / "requests.parquet").to_pylist()
    return {token for row in rows for token in row["output_token_ids"]}


def labels_allowed(project: Project) -> set[int]:
    summary = json.loads((project.results / "prompts" / "demo-packed-n4-r400" / "prompts.json").read_text())
    return {token for ids in summary["label_token_ids"].values() for token in ids}
