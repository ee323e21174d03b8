"""Prefix-cache reuse: prompts that share what they are meant to share, and the engine's count of it."""

import csv
import json
import os
from itertools import islice
from pathlib import Path

import pytest
from support import llama3
from support.engines import measurement
from support.project import Project

from batchscope.common.prefix_cache import served_tokens
from batchscope.config.prompts import PromptTexts
from batchscope.inputs.prompts import build_prompts
from batchscope.inputs.texts.reviews import Review
from batchscope.studies.run import PromptSet

REVIEWS = os.environ.get("BATCHSCOPE_IMDB_CSV")

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


def test_a_copy_is_served_but_for_its_last_token():
    prompt = list(range(257))
    assert served_tokens([prompt, prompt], 16) == [0, 256]
    assert served_tokens([prompt[:256]] * 2, 16) == [0, 240], "a prompt of whole blocks computes its last one"
    assert served_tokens([prompt[:256]] * 2, 128) == [0, 128]
    assert served_tokens([prompt[:100]] * 2, 128) == [0, 0], "less than a block is not cached"


def test_a_block_counts_only_behind_the_same_start():
    head, tail = [1] * 16, [2] * 16
    assert served_tokens([head + tail, tail + head, [*head, *tail, 3], [*head, 4, *tail]], 16) == [
        0,
        0,
        32,
        16,
    ]


@pytest.fixture(scope="module")
def tokenizer():
    return llama3.tokenizer()


TWO = [(0, Review("Good film.", "positive")), (1, Review("Bad", "negative"))]


@pytest.mark.parametrize("layout", ["packed", "separate"])
def test_marked_copies_share_their_text_alone(tokenizer, layout):
    plain, marked = (
        build_prompts(TWO, PromptSet("m", layout, 2 if layout == "packed" else 1, 2, 12, marked=each),
                      PromptTexts(), tokenizer)
        for each in (False, True)
    )  # fmt: skip
    per_pass = len(plain) // 12
    instruction = tokenizer.encode(" For", add_special_tokens=False).ids[0]
    for number, prompt in enumerate(marked):
        without = plain[number].token_ids
        place = without.index(instruction)
        mark = tokenizer.encode(str(number // per_pass), add_special_tokens=False).ids
        assert len(mark) == 1
        assert prompt.token_ids == without[:place] + mark + without[place:]


def test_the_instruction_comes_first_where_asked(tokenizer):
    (packed,) = build_prompts(TWO, PromptSet("m", "packed", 2, 2, 1, "first"), PromptTexts(), tokenizer)
    text = tokenizer.decode(packed.token_ids)
    assert text.startswith("For each line of the below comments")
    assert text.endswith("negative:\nGood film.\nBad\n")
    first, second = build_prompts(TWO, PromptSet("m", "separate", 1, 2, 1, "first"), PromptTexts(), tokenizer)
    shared = tokenizer.encode("For the below comment, determine whether it is").ids
    assert first.token_ids[: len(shared)] == second.token_ids[: len(shared)] == shared


@pytest.mark.skipif(not REVIEWS, reason="BATCHSCOPE_IMDB_CSV names no file of real reviews")
@pytest.mark.parametrize(("marked", "published"), [(True, 12_000_700), (False, 12_000_600)])
def test_packed_totals_are_the_published_ones(tokenizer, marked, published):
    with Path(REVIEWS).open(encoding="utf-8", newline="") as file:
        rows = islice(csv.DictReader(file), 400)
        reviews = list(enumerate(Review(row["review"], row["sentiment"]) for row in rows))
    wanted = PromptSet("m", "packed", 400, 400, 100, marked=marked)
    prompts = build_prompts(reviews, wanted, PromptTexts(), tokenizer)
    assert len(prompts) == 100
    assert sum(len(prompt.token_ids) for prompt in prompts) == published


@pytest.mark.engine
@pytest.mark.skipif(not REVIEWS, reason="BATCHSCOPE_IMDB_CSV names no file of real reviews")
def test_the_engine_serves_what_theory_says(project: Project, tmp_path: Path) -> None:
    """All modes and both layouts on real reviews: the published arms with 40 reviews, ten times each."""
    model = llama3.write_model_folder(tmp_path / "model")
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | SHAPE))
    copies, n = 10, 40
    study = {
        "set": {"n": n, "duplicates": copies, "engine.block_size": 32},
        "grid": {"reuse": ["none", "text", "full"], "layout": ["packed", "separate"]},
    }
    outcome = project.snakemake("all", "--until", "measure", config={
        "dataset": {"source": "csv", "csv": {"path": REVIEWS}},
        "models": {"llama": {"source": "local", "path": str(model), "load_format": "dummy"}},
        "engine": {"model": "llama"},
        "measure": {"repeats": 1},
        "studies": {"packing": None, "saturation": None, "reuse": study},
    })  # fmt: skip
    assert outcome.status == 0, outcome.text
    tokens = {"packed": 11_220, "separate": 12_114}  # published, for these 40 reviews once
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
