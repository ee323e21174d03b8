"""Prompts: the published wording and token totals, what a line holds, and what is refused."""

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest
from support import llama3
from support.project import ROOT
from support.published import TASK, TEXTS

from batchscope.config.prompts import PromptTexts
from batchscope.config.task import Task
from batchscope.inputs.demo_model import prepare_demo
from batchscope.inputs.models import load_tokenizer
from batchscope.inputs.prompts import build_prompts, group
from batchscope.inputs.texts.generate import generate_reviews
from batchscope.inputs.texts.source_text import SourceText, write_source_texts
from batchscope.inputs.tokens import tokenise
from batchscope.inputs.wording import render, wording_of
from batchscope.studies.run import PromptSet

PUBLISHED = {  # n: (packed, separate) prompt tokens
    4: (1_010, 1_076),
    40: (11_220, 12_114),
    400: (120_006, 129_180),
}


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return llama3.write_model_folder(tmp_path_factory.mktemp("llama3"))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    prepare_demo(folder, generate_reviews(500, 1))
    return folder


@pytest.fixture(scope="session")
def real_reviews() -> list[SourceText]:
    path = os.environ.get("BATCHSCOPE_IMDB_CSV")
    if not path:
        pytest.skip("set BATCHSCOPE_IMDB_CSV to the IMDB reviews as CSV (review, sentiment)")
    with Path(path).open(newline="", encoding="utf-8") as file:
        return [SourceText(row["review"], row["sentiment"]) for row in csv.DictReader(file)]


def make(
    folder: Path,
    model: Path,
    texts: list[SourceText],
    *wanted: PromptSet,
    wordings: PromptTexts = TEXTS,
    task: Task = TASK,
    engines: list[dict] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Call the script as the rule does; one process per prompt set, the last one is returned."""
    data = folder / "texts.csv"
    write_source_texts(texts, data)
    for prompt_set in wanted:
        out = folder / prompt_set.id
        call = subprocess.run(
            [sys.executable, "-m", "scripts.make_prompts", "--data", data, "--model", model,
             "--spec", json.dumps({"prompts": vars(prompt_set), "texts": wordings.model_dump(),
                                   "task": task.model_dump(), "engines": engines or [{}]}),
             "--prompts", out / "prompts.jsonl", "--summary", out / "prompts.json", "--texts", out / "texts.jsonl", "--timing", out / "timing.json"],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    return call


def summary(folder: Path, wanted: PromptSet) -> dict:
    return json.loads((folder / wanted.id / "prompts.json").read_text())


@pytest.mark.parametrize("n", PUBLISHED)
def test_token_totals_are_the_published_ones(
    n: int, llama: Path, real_reviews: list[SourceText], tmp_path: Path
) -> None:
    packed = PromptSet("llama", "packed", n, n, 1)
    separate = PromptSet("llama", "separate", 1, n, 1)
    call = make(tmp_path, llama, real_reviews, packed, separate)
    assert call.returncode == 0, call.stderr
    assert (
        summary(tmp_path, packed)["prompt_tokens"],
        summary(tmp_path, separate)["prompt_tokens"],
    ) == PUBLISHED[n]


def test_making_prompts_costs_little_beside_the_tokenizer(
    llama: Path, real_reviews: list[SourceText], tmp_path: Path
) -> None:
    """Three sets of prompts, with process start, reading and writing, against the bare tokenizer on the same texts."""
    texts = real_reviews[:1600]
    sets = [PromptSet("llama", "packed", n, len(texts), 1) for n in (400, 4)]
    sets.append(PromptSet("llama", "separate", 1, len(texts), 1))
    start = time.perf_counter()
    for wanted in sets:
        groups = group(list(enumerate(texts)), wanted.n)
        tokenise(load_tokenizer(llama), [render(each, wording_of(TEXTS, wanted.layout)) for each in groups])
    bare = time.perf_counter() - start
    start = time.perf_counter()
    call = make(tmp_path, llama, texts, *sets)
    whole = time.perf_counter() - start
    assert call.returncode == 0, call.stderr
    assert [summary(tmp_path, wanted)["prompts"] for wanted in sets] == [4, 400, 1600]
    assert whole < 4 * bare


def test_wording_is_the_published_one() -> None:
    two = list(enumerate([SourceText("Good {reviews} film.", "positive"), SourceText("Bad.", "negative")]))
    assert render(two, wording_of(TEXTS, "packed")) == (
        "Good {reviews} film.\nBad.\n For each line of the above comments, determine whether it is a positive or "
        "negative comment. Answer only postive or negative:\n"
    )
    assert render(two[1:], wording_of(TEXTS, "separate")) == (
        "Bad.\n For the above comment, determine whether it is a positive or negative comment. "
        "Answer only postive or negative:\n"
    )
    other = PromptTexts(packed="Label: {reviews}!", separate="Label {review}?", separator=" | ")
    assert render(two, wording_of(other, "packed")) == "Label: Good {reviews} film. | Bad.!"


def test_lines_hold_ids_labels_and_the_order_of_the_pass(demo: Path, tmp_path: Path) -> None:
    texts = generate_reviews(10, 3)
    wanted = PromptSet("demo", "packed", 4, 10, 2)
    call = make(tmp_path, demo, texts, wanted)
    assert call.returncode == 0, call.stderr
    path = tmp_path / wanted.id / "prompts.jsonl"
    prompts = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(p["id"], p["text_ids"], p["n"], p["duplicate"]) for p in prompts] == [
        (0, [0, 1, 2, 3], 4, 0), (1, [4, 5, 6, 7], 4, 0), (2, [8, 9], 2, 0),
        (3, [0, 1, 2, 3], 4, 1), (4, [4, 5, 6, 7], 4, 1), (5, [8, 9], 2, 1),
    ]  # fmt: skip
    assert {p["layout"] for p in prompts} == {"packed"}
    assert [label for p in prompts[:3] for label in p["labels"]] == [text.label for text in texts]
    tokenizer = load_tokenizer(demo)
    text = render(list(enumerate(texts))[4:8], wording_of(TEXTS, "packed"))
    assert prompts[1]["token_ids"] == tokenizer.encode(text).ids
    assert tokenizer.decode(prompts[1]["token_ids"]) == text
    counts = summary(tmp_path, wanted)
    assert counts["prompts"] == 6
    assert counts["labels"] == 20
    assert counts["prompt_tokens"] == sum(len(p["token_ids"]) for p in prompts)
    assert counts["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_summary_shows_a_prompt_and_the_tokens_of_labels_or_codes(demo: Path, tmp_path: Path) -> None:
    texts = generate_reviews(8, 3)
    tokenizer = load_tokenizer(demo)
    task = Task(instruction="Is the film good?", labels=["positive", "negative", "neither of the two"])
    words = {"free": ["positive", "negative", "neither of the two"], "codes": ["A", "B", "C"]}
    for answer, spelt in words.items():
        wanted = PromptSet("demo", "packed", 4, 8, 1, answer=answer, numbered=True)
        call = make(tmp_path, demo, texts, wanted, wordings=PromptTexts(), task=task)
        assert call.returncode == 0, call.stderr
        made = summary(tmp_path, wanted)
        assert "Is the film good?" in made["example"]
        assert made["example"].startswith("<s>1. ")
        assert made["chat"] is False
        for label, word in zip(task.names, spelt, strict=True):
            forms = [tokenizer.encode(form, add_special_tokens=False).ids for form in (f" {word}", word)]
            assert made["label_token_ids"][label] == [ids[0] for ids in forms if len(ids) == 1]


@pytest.mark.parametrize(
    ("wordings", "adds"),
    [(PromptTexts(), True), (PromptTexts(packed="<s>[INST] {texts} [/INST]"), False)],
)
@pytest.mark.parametrize("marked", [False, True])
def test_the_texts_give_the_token_ids_again(
    demo: Path, tmp_path: Path, wordings: PromptTexts, adds: bool, marked: bool
) -> None:
    wanted = PromptSet("demo", "packed", 4, 10, 3, marked=marked)
    assert make(tmp_path, demo, generate_reviews(10, 3), wanted, wordings=wordings).returncode == 0
    prompts, lines = (
        [json.loads(line) for line in (tmp_path / wanted.id / name).read_text().splitlines()]
        for name in ("prompts.jsonl", "texts.jsonl")
    )
    assert len(lines) == (9 if marked else 3)
    assert summary(tmp_path, wanted)["adds_special_tokens"] == adds
    tokenizer = load_tokenizer(demo)
    for prompt in prompts:
        text = lines[prompt["id"] % len(lines)]
        assert tokenizer.encode(text, add_special_tokens=adds).ids == prompt["token_ids"]


def test_a_tokenizer_that_cuts_is_kept_from_it_and_that_is_said(demo: Path, tmp_path: Path) -> None:
    cutting = tmp_path / "cutting"
    shutil.copytree(demo, cutting)
    tokenizer = load_tokenizer(demo)
    tokenizer.enable_truncation(128)
    tokenizer.save(str(cutting / "tokenizer.json"))
    wanted = PromptSet("demo", "packed", 4, 8, 1)
    lines = []
    for name, model in (("whole", demo), ("cut", cutting)):
        (tmp_path / name).mkdir()
        call = make(tmp_path / name, model, generate_reviews(8, 3), wanted)
        assert ("cuts at 128 tokens; switched off" in call.stdout) == (name == "cut")
        lines.append((tmp_path / name / wanted.id / "prompts.jsonl").read_bytes())
    assert lines[0] == lines[1]


def test_the_smallest_context_of_the_runs_is_the_limit(demo: Path, tmp_path: Path) -> None:
    wanted = PromptSet("demo", "packed", 4, 8, 1)
    texts = generate_reviews(8, 3)
    call = make(tmp_path, demo, texts, wanted, engines=[{}, {"max_model_len": 200}, {"max_model_len": 9000}])
    assert "max_model_len is 200 tokens: raise engine.args.max_model_len" in call.stderr
    overrides = {"hf_overrides": {"max_position_embeddings": 210}}
    call = make(tmp_path, demo, texts, wanted, engines=[overrides, {}])
    assert "the model's context is 210 tokens" in call.stderr


def test_same_input_same_bytes(demo: Path, tmp_path: Path) -> None:
    wanted = PromptSet("demo", "separate", 1, 30, 1)
    texts = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        make(tmp_path / name, demo, generate_reviews(30, 5), wanted)
        texts.append((tmp_path / name / wanted.id / "prompts.jsonl").read_bytes())
    assert texts[0] == texts[1]


def test_a_prompt_beyond_the_context_is_refused_with_the_largest_n_that_fits(
    tmp_path: Path, llama: Path
) -> None:
    short = llama3.write_model_folder(tmp_path / "short", context=2_000)
    texts = generate_reviews(60, 7)
    call = make(tmp_path, short, texts, PromptSet("short", "packed", 20, 60, 1))
    assert call.returncode == 1
    assert "Traceback" not in call.stderr
    largest = int(call.stderr.rpartition("the largest n that fits is ")[2])

    def longest(n: int) -> int:
        prompts = build_prompts(
            list(enumerate(texts)), PromptSet("x", "packed", n, 60, 1), TEXTS, load_tokenizer(short)
        )
        return max(len(prompt.token_ids) + prompt.n for prompt in prompts)

    assert longest(largest) <= 2_000 < longest(largest + 1)
    assert make(tmp_path, short, texts, PromptSet("short", "packed", largest, 60, 1)).returncode == 0


def test_a_text_beyond_the_context_is_refused_by_its_number(tmp_path: Path, llama: Path) -> None:
    short = llama3.write_model_folder(tmp_path / "short", context=300)
    texts = [SourceText("fine", "positive"), SourceText("very long " * 400, "negative")]
    call = make(tmp_path, short, texts, PromptSet("short", "separate", 1, 2, 1))
    assert call.returncode == 1
    assert "text 1, which begins 'very long very" in call.stderr
    assert "is too long on its own (8" in call.stderr
    call = make(tmp_path, short, texts, PromptSet("short", "packed", 2, 2, 1))
    assert "is too long on its own" in call.stderr, "layout: separate would not help"
    two = [SourceText("very long " * 100, "negative")] * 2
    call = make(tmp_path, short, two, PromptSet("short", "packed", 2, 2, 1))
    assert "no packed prompt fits; set layout: separate" in call.stderr


def test_too_few_texts_are_refused(demo: Path, tmp_path: Path) -> None:
    call = make(tmp_path, demo, generate_reviews(5, 1), PromptSet("demo", "packed", 4, 8, 1))
    assert call.returncode == 1
    assert "texts: 8 asked, the data set holds 5" in call.stderr


IMDB_CSV = os.environ.get("BATCHSCOPE_IMDB_CSV")


@pytest.fixture(scope="module")
def tokenizer():
    return llama3.tokenizer()


TWO = [(0, SourceText("Good film.", "positive")), (1, SourceText("Bad", "negative"))]


@pytest.mark.parametrize("layout", ["packed", "separate"])
def test_marked_copies_share_their_text_alone(tokenizer, layout):
    plain, marked = (
        build_prompts(TWO, PromptSet("m", layout, 2 if layout == "packed" else 1, 2, 12, marked=each),
                      TEXTS, tokenizer)
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
    (packed,) = build_prompts(TWO, PromptSet("m", "packed", 2, 2, 1, "first"), TEXTS, tokenizer)
    text = tokenizer.decode(packed.token_ids)
    assert text.startswith("For each line of the below comments")
    assert text.endswith("negative:\nGood film.\nBad\n")
    first, second = build_prompts(TWO, PromptSet("m", "separate", 1, 2, 1, "first"), TEXTS, tokenizer)
    shared = tokenizer.encode("For the below comment, determine whether it is").ids
    assert first.token_ids[: len(shared)] == second.token_ids[: len(shared)] == shared


@pytest.mark.skipif(not IMDB_CSV, reason="BATCHSCOPE_IMDB_CSV names no file of real reviews")
@pytest.mark.parametrize(("marked", "published"), [(True, 12_000_700), (False, 12_000_600)])
def test_packed_totals_are_the_published_ones(tokenizer, marked, published):
    with Path(IMDB_CSV).open(encoding="utf-8", newline="") as file:
        rows = islice(csv.DictReader(file), 400)
        texts = list(enumerate(SourceText(row["review"], row["sentiment"]) for row in rows))
    wanted = PromptSet("m", "packed", 400, 400, 100, marked=marked)
    prompts = build_prompts(texts, wanted, TEXTS, tokenizer)
    assert len(prompts) == 100
    assert sum(len(prompt.token_ids) for prompt in prompts) == published


def test_permuted_duplicates_hold_the_same_texts_in_other_places(demo: Path) -> None:
    texts = list(enumerate(generate_reviews(40, 3)))
    wanted = PromptSet("demo", "packed", 8, 40, duplicates=3, permuted=True)
    prompts = build_prompts(texts, wanted, TEXTS, load_tokenizer(demo), TASK)
    assert [prompt.id for prompt in prompts] == list(range(15))
    passes = [[prompt for prompt in prompts if prompt.duplicate == number] for number in range(3)]
    orders = [[number for prompt in each for number in prompt.text_ids] for each in passes]
    assert orders[0] == list(range(40))
    assert len({tuple(order) for order in orders}) == 3
    assert all(sorted(order) == orders[0] for order in orders)
    for prompt in prompts:
        assert prompt.labels == [texts[number][1].label for number in prompt.text_ids]
    again = build_prompts(texts, wanted, TEXTS, load_tokenizer(demo), TASK)
    assert again == prompts, "the same seeds, the same orders"
    plain = build_prompts(texts, PromptSet("demo", "packed", 8, 40, 1), TEXTS, load_tokenizer(demo), TASK)
    assert passes[0] == plain, "the first copy is the prompts without permutation"
