"""Prompt tokens that a plan tells before there are prompts, beside those of the prompts that are made then."""

from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from support.short_texts import sweep

from batchscope.inputs.cut_texts import cut_texts
from batchscope.inputs.models import load_tokenizer
from batchscope.inputs.prompts import build_prompts
from batchscope.inputs.texts.source_text import SourceText
from batchscope.planning.at_hand import texts_at_hand
from batchscope.planning.prompt_fit import as_fitted, prompt_fit
from batchscope.planning.sweep_plan import name_in_plan, plan_runs
from batchscope.studies.run import Run

UNEVEN = [f"text number {number} " + "word " * (number % 7) for number in range(70)]


def made_tokens(run: Run, config: Any, texts: list[SourceText], folder: Path) -> int:
    """Tokens of all prompts of a run, as the workflow makes them."""
    tokenizer, load = load_tokenizer(folder), run.workload
    chosen = list(enumerate(texts[: load.total_texts]))
    if load.text_tokens:
        chosen = cut_texts(chosen, tokenizer, load.text_tokens, load.cut)[0]
    prompts = build_prompts(chosen, run.prompts, config.prompts, tokenizer, config.task)
    return sum(len(prompt.token_ids) for prompt in prompts)


@pytest.mark.parametrize(
    "study",
    [
        {"set": {"layout": "separate", "texts": 70}, "grid": {"n": [1]}},
        {"set": {"layout": "packed", "texts": 64}, "grid": {"n": [4, 16]}},
        {"set": {"layout": "packed", "texts": 60, "duplicates": 3, "text_tokens": 5}, "grid": {"n": [4, 60]}},
        {"set": {"texts": 70, "answer": "codes", "numbered": True}, "grid": {"n": [7]}},
    ],
)
def test_a_sample_tells_what_prompts_hold(tmp_path: Path, study: dict[str, Any]) -> None:
    made = sweep(tmp_path, UNEVEN, 100_000, mine=study)
    fit = made.look()
    with chdir(tmp_path):
        texts = texts_at_hand(made.config, Path("results"), 70)
    assert texts
    for run in made.runs:
        real = made_tokens(run, made.config, texts, tmp_path / "my-model")
        assert fit.tokens[name_in_plan(run)] == pytest.approx(real, rel=0.02)


def test_of_many_texts_the_first_hundred_stand_for_all(tmp_path: Path) -> None:
    texts = ["few words"] * 100 + ["many more words than before"] * 900
    tokens = []
    for count in (100, 1000):
        study = {"set": {"layout": "separate", "texts": count}, "grid": {"n": [1]}}
        made = sweep(tmp_path, texts[:count], 100_000, mine=study).overlay(dataset={"select": "first"})
        tokens += made.look().tokens.values()
    assert tokens[1] == 10 * tokens[0]


def test_a_load_has_the_tokens_of_all_its_requests(tmp_path: Path) -> None:
    offline = {"set": {"layout": "separate", "texts": 40}, "grid": {"n": [1]}}
    made = sweep(tmp_path, UNEVEN, 100_000, offline=offline)
    load = {"set": {"texts": 40, "layout": "packed", "n": 4}, "grid": {"load.max_concurrency": [1, 2]}}
    twice = {"when": {"load.max_concurrency": 2}, "set": {"load.requests": 20}}
    made.overlay(serving={"studies": {"mine": {**load, "overrides": [twice]}}})
    _, once, again = made.look().tokens.values()
    assert again == pytest.approx(2 * once, abs=1)


def test_the_plan_tells_sizes_and_times_by_the_sample(tmp_path: Path) -> None:
    made = sweep(tmp_path, UNEVEN, 100_000, mine={"set": {"texts": 64}, "grid": {"n": [4]}})
    (guessed,) = plan_runs(made.config, tmp_path / "results", {})
    with chdir(tmp_path):
        (planned,) = as_fitted([guessed], prompt_fit(made.config, made.runs, Path("results")))
    ratio = planned.prompt_tokens / guessed.prompt_tokens
    assert ratio < 0.3
    assert planned.seconds == pytest.approx(guessed.seconds * ratio)
