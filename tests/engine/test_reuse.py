"""Prefix-cache reuse: the engine's count of it is what theory says."""

import json
import os
import shutil
from pathlib import Path

import pytest
from support import llama3
from support.engines import measurement
from support.project import Project
from support.published import OVERLAY

IMDB_CSV = os.environ.get("BATCHSCOPE_IMDB_CSV")

SHAPE = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "vocab_size": 128_256,
    "rms_norm_eps": 1e-5,
    "torch_dtype": "bfloat16",
}
"""The demo's layers under Llama-3's vocabulary."""


@pytest.mark.engine
@pytest.mark.long
@pytest.mark.skipif(not IMDB_CSV, reason="BATCHSCOPE_IMDB_CSV names no file of real reviews")
def test_the_engine_serves_what_theory_says(project: Project, tmp_path: Path) -> None:
    """All modes and both layouts on real reviews: the published arms with 40 texts, ten times each."""
    model = llama3.write_model_folder(tmp_path / "model")
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | SHAPE))
    copies, n = 10, 40
    study = {
        "set": {"n": n, "duplicates": copies, "engine.block_size": 32},
        "grid": {"reuse": ["none", "text", "full"], "layout": ["packed", "separate"]},
    }
    outcome = project.snakemake("all", "--until", "measure", config={
        "dataset": {"source": "csv", "select": "first", "csv": {"path": IMDB_CSV}},
        "models": {"llama": {"source": "local", "path": str(model), "load_format": "dummy"}},
        "engine": {"model": "llama"},
        "task": OVERLAY["task"],
        "prompts": OVERLAY["prompts"],
        "measure": {"repeats": 1},
        "studies": {"packing": None, "saturation": None, "reuse": study},
    })  # fmt: skip
    assert outcome.status == 0, outcome.text
    tokens = {"packed": 11_220, "separate": 12_114}  # published, for these 40 texts once
    prompts = {"packed": 1, "separate": n}
    for layout in ("packed", "separate"):
        found = {
            reuse: measurement(project, f"reuse/{layout}-n{n}-reuse-{reuse}")
            for reuse in ("none", "text", "full")
        }
        assert {reuse: run["invalid"] for reuse, run in found.items()} == {"none": [], "text": [], "full": []}
        (none,), (text,), (full,) = (run["repeats"] for run in found.values())
        assert none["prompt_tokens"] == full["prompt_tokens"] == copies * tokens[layout]
        assert text["prompt_tokens"] == copies * (tokens[layout] + prompts[layout]), (
            "the published mark: a token"
        )
        assert none["cached_tokens"] == found["none"]["expected_cached_tokens"] == 0
        for run, repeat in ((found["text"], text), (found["full"], full)):
            assert repeat["cached_tokens"] == run["expected_cached_tokens"]
            assert 0.7 < repeat["cached_tokens"] / repeat["prompt_tokens"] < (copies - 1) / copies
        assert text["cached_tokens"] < full["cached_tokens"]


@pytest.mark.engine
def test_theory_is_silent_where_layers_see_a_window(prepared: Project) -> None:
    """vLLM keeps and finds blocks by other rules there; what it serves is the answer, and the run counts."""
    folder = prepared.folder / "window"
    shutil.copytree(prepared.results / "models" / "demo", folder)
    config = json.loads((folder / "config.json").read_text())
    window = {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": 128}
    (folder / "config.json").write_text(json.dumps(config | window))
    study = {"set": {"layout": "packed", "texts": 16, "n": 8, "duplicates": 3}, "grid": {"reuse": ["full"]}}
    outcome = prepared.snakemake("results/tables/window.md", config={
        "models": {"window": {"source": "local", "path": "window", "load_format": "dummy"}},
        "engine": {"model": "window"},
        "measure": {"repeats": 1},
        "studies": {"packing": None, "saturation": None, "window": study},
    })  # fmt: skip
    assert outcome.status == 0, outcome.text
    result = measurement(prepared, "window/packed-n8-reuse-full")
    assert (result["status"], result["invalid"]) == ("ok", [])
    assert result["expected_cached_tokens"] is None
    assert result["engine"]["resolved"]["attention"] == "a sliding window of 128 tokens"
    assert "a sliding window of 128 tokens: what its prefix cache serves is not checked" in outcome.text
