"""Answers on the real engine: whatever the model makes of a prompt, a restricted answer has its n labels."""

import json
from collections.abc import Iterator
from math import exp
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.project import ROOT, Project
from tokenizers import Tokenizer

from batchscope.common.answer_limits import AskedAnswers, exactly
from batchscope.config.task import Task
from batchscope.config.workload import Workload
from batchscope.inputs.answers.limits import answers_asked
from batchscope.inputs.answers.reader import Answer, AnswerReader
from batchscope.inputs.models import load_tokenizer
from batchscope.jobs.engine_pool import EnginePool, EngineRequest, Limits
from batchscope.jobs.measure_job import engine_request

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("one warm engine")]

MOST = 40
"""Most texts in a prompt."""

TASKS = {
    2: Task.model_validate({"labels": ["positive", "negative"]}),
    5: Task.model_validate({"labels": ["card", "card lost", 'say "no"', "überfällig", "back\\slash"]}),
    77: Task.model_validate({"labels": [f"{word}_{number}" for word in ("top up", "fee") for number in range(38)]
                             + ["other"]}),
}  # fmt: skip


class Engine:
    """One warm engine with the demo's model, whose weights are random: it has no idea of any label."""

    def __init__(self, folder: Path, spec: dict[str, Any], model: Path) -> None:
        self.folder, self.spec, self.model = folder, spec, model
        self.tokenizer: Tokenizer = load_tokenizer(model)
        self.pool = EnginePool(folder / "state")
        self.wanted: EngineRequest = engine_request(spec, str(ROOT / ".engines/cpu/bin/python"), 0, model)

    def ask(self, task: Task, **workload: Any) -> tuple[list[dict[str, Any]], list[str], dict[str, Any]]:
        """Rows, texts and the result of a pass with prompts of 1 to `MOST` texts."""
        asked = Workload.model_validate({"layout": "packed", "n": MOST, **workload})
        sizes = range(1, MOST + 1)
        answers = answers_asked(asked, task, sizes, self.tokenizer, packed=True)
        prompts = [
            {"id": n, "n": n, "token_ids": self.tokenizer.encode(f"{n} texts to label:").ids} for n in sizes
        ]
        result = self.send(prompts, answers)
        rows = pq.read_table(self.folder / "requests.parquet").to_pylist()
        texts = self.tokenizer.decode_batch([row["output_token_ids"] for row in rows])
        return rows, texts, {**result, "asked": answers}

    def send(self, prompts: list[dict[str, Any]], answers: AskedAnswers) -> dict[str, Any]:
        """A pass; its files are in the folder."""
        path = self.folder / "prompts.jsonl"
        path.write_text("".join(json.dumps(prompt) + "\n" for prompt in prompts))
        job = {"spec": self.spec, "prompts": str(path), "out": str(self.folder), "answers": answers.as_json()}
        limits = Limits(600, keep=True)
        return self.pool.measure(self.wanted, job, self.folder / "engine.log", limits, lambda line: None)

    def read(self, task: Task, rows: list[dict[str, Any]], **workload: Any) -> list[Answer]:
        reader = AnswerReader(self.tokenizer, task, workload["answer"], workload.get("numbered", False))
        return reader.read([row["output_token_ids"] for row in rows], [row["prompt"] for row in rows])


@pytest.fixture(scope="module")
def engine(prepared_once: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    model = prepared_once.results / "models" / "demo"
    spec = {
        "device": "cpu",
        "workload": {},
        "engine": {
            "args": {
                "dtype": "float32", "max_num_batched_tokens": 4096, "kv_cache_memory_bytes": 268435456,
                "block_size": 32, "enforce_eager": True, "enable_prefix_caching": False, "seed": 0,
            },
            "variables": {},
        },
        "model": {"load_format": "dummy", "trust_remote_code": False},
        "measure": {"warmup_tokens": 0, "repeats": 1, "telemetry": False},
    }  # fmt: skip
    started = Engine(tmp_path_factory.mktemp("answers"), spec, model)
    yield started
    started.pool.make_room("cpu", 0)


FORMS: dict[str, dict[str, Any]] = {
    "labels": {"answer": "labels"},
    "numbered labels": {"answer": "labels", "numbered": True},
    "codes": {"answer": "codes"},
    "numbered codes": {"answer": "codes", "numbered": True},
    "json": {"answer": "json"},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", TASKS)
def test_restricted_answers_have_exactly_n_labels(engine: Engine, count: int, form: str) -> None:
    task, workload = TASKS[count], FORMS[form]
    rows, texts, result = engine.ask(task, **workload)
    assert result["invalid"] == []
    assert len(rows) == MOST
    for row, text, answer in zip(rows, texts, engine.read(task, rows, **workload), strict=True):
        limits = result["asked"].limits[row["prompt"]]
        assert limits.least <= row["output_tokens"] <= limits.most
        assert (answer.missing, answer.surplus) == (0, 0), text
    check_independently(form, task, rows, texts)


def check_independently(form: str, task: Task, rows: list[dict[str, Any]], texts: list[str]) -> None:
    """Read without the reader: JSON by its own parser, lines by their numbers."""
    for row, text in zip(rows, texts, strict=True):
        n = row["prompt"]
        if form == "json":
            assert list(json.loads(text)) == [str(number) for number in range(1, n + 1)]
            assert set(json.loads(text).values()) <= set(task.names)
        elif form.startswith("numbered"):
            numbers = [line.split(". ")[0] for line in text.splitlines()]
            assert numbers == [str(number) for number in range(1, n + 1)]


def test_an_answer_that_is_cut_short_is_noticed(engine: Engine) -> None:
    """The context has room for 2 tokens behind this prompt; vLLM then ends the request as if it were done."""
    context = json.loads((engine.model / "config.json").read_text())["max_position_embeddings"]
    result = engine.send([{"id": 0, "n": 4, "token_ids": [5] * (context - 2)}], exactly(1, 4))
    assert result["invalid"] == [{"code": "output_tokens", "detail": "2 output tokens, 4 expected"}]


def test_one_token_labels_cost_one_token_each(engine: Engine) -> None:
    for workload in ({"answer": "labels"}, {"answer": "codes"}):
        rows, _, result = engine.ask(TASKS[2], **workload)
        assert [row["output_tokens"] for row in rows] == [row["prompt"] for row in rows]
        assert all(each.exact for each in result["asked"].limits.values())


def test_probabilities_of_labels_add_up_to_one(engine: Engine) -> None:
    rows, _, _ = engine.ask(TASKS[2], answer="labels", confidence=True)
    for row in rows:
        assert len(row["label_logprobs"]) == row["prompt"]
        for values in row["label_logprobs"]:
            assert len(values) == 2
            assert sum(map(exp, values)) == pytest.approx(1, abs=1e-5)
        said = [answer.labels for answer in engine.read(TASKS[2], [row], answer="labels")]
        names = TASKS[2].names
        likely = [names[values.index(max(values))] for values in row["label_logprobs"]]
        # A label has a token with a blank before it and one without, whose probabilities add up: the greedy
        # choice is the likeliest token, and nearly always of the likeliest label.
        agreeing = sum(one == other for one, other in zip(said[0], likely, strict=True))
        assert agreeing >= 0.7 * row["prompt"]


def test_a_free_answer_may_be_ended_by_the_model_and_has_no_labels(engine: Engine) -> None:
    """Nothing but the restriction makes this model say a label."""
    rows, _, result = engine.ask(TASKS[5], answer="free", output_tokens_per_text=None)
    assert result["invalid"] == []
    assert sum(answer.found for answer in engine.read(TASKS[5], rows, answer="free")) == 0
    assert all(1 <= row["output_tokens"] <= result["asked"].limits[row["prompt"]].most for row in rows)
