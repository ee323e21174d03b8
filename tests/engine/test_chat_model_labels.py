"""A real chat model labels real texts on the real engine: the template by itself, nothing but labels as answers."""

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.project import ROOT, Project

MODEL = ROOT / ".smollm2"
OWN_REVIEWS = ROOT / "tests" / "support" / "film_reviews.tsv"
IMDB, BANKING77 = (os.environ.get(f"BATCHSCOPE_{name}_CSV") for name in ("IMDB", "BANKING77"))
FIVE = ("age_limit", "atm_support", "exchange_rate", "lost_or_stolen_phone", "verify_my_identity")

pytestmark = [pytest.mark.engine, pytest.mark.smollm2]


def labelled(project: Project, overlay: dict[str, Any]) -> pd.DataFrame:
    """The table of runs after one pass of study ``packing``; configs/smollm2.yaml lies below the overlay."""
    assert (MODEL / "model.safetensors").is_file(), "tests/install_smollm2.sh makes this model"
    others = ("decoding", "length")
    common = {
        "models": {"smollm2": {"source": "local", "path": str(MODEL)}},
        "engine": {"args": {"max_model_len": 1024, "kv_cache_memory_bytes": 402_653_184}},
        "measure": {"repeats": 1, "warmup_tokens": 0},
        **overlay,
    }
    common["studies"] |= dict.fromkeys(others)
    outcome = project.snakemake("results/tables/runs.parquet", config=common, below=("configs/smollm2.yaml",))
    assert outcome.status == 0, outcome.text
    runs = pd.read_parquet(project.results / "tables" / "runs.parquet").set_index("run")
    assert runs["valid"].all(), runs["invalid"]
    return runs


@pytest.mark.long
def test_separate_prompts_label_reviews_that_are_cut_to_100_tokens(project: Project) -> None:
    texts = 120 if IMDB else len(pd.read_csv(OWN_REVIEWS, sep="\t"))
    file = {"path": IMDB, "text_column": "review", "label_column": "sentiment"}
    runs = labelled(project, {
        "dataset": {"source": "file", "select": "random", "file": file if IMDB else {"path": str(OWN_REVIEWS)}},
        "workload": {"texts": texts, "text_tokens": 100, "cut": "tail"},
        "studies": {"packing": {"grid": {"n": [1], "layout": ["separate"]}}},
    })  # fmt: skip
    run = runs.loc["separate-n1"]
    assert run["label_coverage"] == 1
    assert run["accuracy"] > 0.65
    assert run["balanced_accuracy"] > 0.6, "one that always says the same has 0.5"


@pytest.mark.skipif(not BANKING77, reason="BATCHSCOPE_BANKING77_CSV names no file of Banking77's test part")
def test_labels_of_several_tokens_are_answered_in_full(project: Project, tmp_path: Path) -> None:
    questions = pd.read_csv(str(BANKING77))
    questions[questions["category"].isin(FIVE)].to_csv(tmp_path / "five.csv", index=False)
    runs = labelled(project, {
        "dataset": {"source": "file", "select": "stratified", "file": {"path": str(tmp_path / "five.csv"), "label_column": "category"}},
        "task": {"instruction": "What is this question about?", "labels": list(FIVE)},
        "prompts": {"separate": None},
        "workload": {"texts": 24},
        "studies": {"packing": {"grid": {"n": [4], "layout": ["packed", "separate"]}}},
    })  # fmt: skip
    assert (runs["label_coverage"] == 1).all(), "a grammar leaves no other answer"
    assert runs["accuracy"].between(0.1, 1).all(), "right by chance: 0.2; none right: labels are not read"
