"""How sure a real model is of labels of several tokens: as transformers has it, forced to give the same answers."""

import json
import math
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.project import ROOT

from batchscope.config.task import Task
from batchscope.config.workload import Workload
from batchscope.inputs.answers.limits import answers_asked
from batchscope.inputs.answers.reader import AnswerReader
from batchscope.inputs.models import load_tokenizer
from batchscope.jobs.engine_pool import EnginePool, Limits
from batchscope.jobs.measure_job import engine_request
from batchscope.results.asked_prompts import AskedPrompt, read_answers
from batchscope.results.label_rows import label_rows

MODEL, PYTHON = ROOT / ".smollm2", ROOT / ".engines" / "cpu" / "bin" / "python"
OPEN = "card"
"""The label that may go on as another one: what ends it counts too."""

TASK = Task.model_validate({"labels": [OPEN, "card lost", "top_up_failed", "überfällig", "exchange rate"]})
TEXTS = [
    "I lost my card yesterday.",
    "What is your exchange rate for euros?",
    "Why did my top-up fail?",
    "Tell me about your cards.",
]
FORMS = [("labels", 1), ("labels", 4), ("json", 4), ("free", 1), ("free", 4)]
SPEC: dict[str, Any] = {
    "device": "cpu",
    "workload": {},
    "engine": {
        "args": {
            "dtype": "float32", "max_model_len": 512, "max_num_batched_tokens": 1024, "block_size": 32,
            "kv_cache_memory_bytes": 268_435_456, "enforce_eager": True, "enable_prefix_caching": False, "seed": 0,
        },
        "variables": {},
    },
    "model": {"load_format": "auto", "trust_remote_code": False},
    "measure": {"warmup_tokens": 0, "repeats": 1, "telemetry": False},
}  # fmt: skip

pytestmark = [pytest.mark.engine, pytest.mark.smollm2]


class Engine:
    """One warm engine with the model's real weights, in float32."""

    def __init__(self, folder: Path) -> None:
        assert (MODEL / "model.safetensors").is_file(), "tests/install_smollm2.sh makes this model"
        self.folder, self.model = folder, folder / "model"
        self.model.mkdir()
        for file in MODEL.iterdir():
            (self.model / file.name).symlink_to(file)
        (self.model / "manifest.json").write_text("{}")
        self.tokenizer = load_tokenizer(self.model)
        self.pool = EnginePool(folder / "state")

    def ask(self, form: str, n: int) -> tuple[list[dict[str, Any]], list[tuple[str | None, float]]]:
        """Prompts with their answers, and each text's label and confidence."""
        shape = {"layout": "packed" if n > 1 else "separate", "n": n, "texts": len(TEXTS)}
        workload = Workload.model_validate(
            {**shape, "answer": form, "confidence": True, "output_tokens_per_text": None}
        )
        answers = answers_asked(workload, TASK, [n], self.tokenizer, n > 1)
        groups = [TEXTS[start : start + n] for start in range(0, len(TEXTS), n)]
        prompts = [
            {"id": place, "n": n, "token_ids": self.tokenizer.encode(worded(group)).ids}
            for place, group in enumerate(groups)
        ]
        path = self.folder / "prompts.jsonl"
        path.write_text("".join(f"{json.dumps(prompt)}\n" for prompt in prompts))
        job = {"spec": SPEC, "prompts": str(path), "out": str(self.folder), "answers": answers.as_json()}
        wanted = engine_request(SPEC, str(PYTHON), 0, self.model)
        limits = Limits(600, keep=True)
        result = self.pool.measure(wanted, job, self.folder / "engine.log", limits, lambda line: None)
        assert result["invalid"] == []
        said = read_answers(self.folder)
        asked = {prompt["id"]: AskedPrompt(tuple(range(n)), (None,) * n, 0) for prompt in prompts}
        reader = AnswerReader(self.tokenizer, TASK, workload.answer)
        rows = label_rows("r", said, asked, reader, TASK.names)
        outputs = pq.read_table(self.folder / "requests.parquet")["output_token_ids"].to_pylist()
        answered = [
            {"prompt": prompt["token_ids"], "output": output, "form": form, "n": n}
            for prompt, output in zip(prompts, outputs, strict=True)
        ]
        return answered, list(zip(rows["label"].to_pylist(), rows["confidence"].to_pylist(), strict=True))


def worded(texts: list[str]) -> str:
    """Free answers to this go on with labels: the words before them have them too."""
    shown = "\n".join(texts)
    labels = ", ".join(TASK.names)
    return f"The labels are: {labels}.\n\n{shown}\n\nThe labels again: {TASK.names[1]}, {TASK.names[2]},"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    started = Engine(tmp_path_factory.mktemp("confidence"))
    yield started
    started.pool.make_room("cpu", 0)


def forced(answers: list[dict[str, Any]], folder: Path) -> list[list[tuple[bytes, float]]]:
    """Bytes and log-probability of each token of the answers, by transformers."""
    path = folder / "asked.json"
    path.write_text(json.dumps({"model": str(MODEL), "labels": list(TASK.names), "answers": answers}))
    script = ROOT / "tests" / "support" / "teacher_forced.py"
    outcome = subprocess.run(
        [str(PYTHON), str(script), str(path)], capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    return [[(bytes(text), value) for text, value in row] for row in json.loads(outcome.stdout)]


def worth_of(labels: list[str], tokens: list[tuple[bytes, float]], restricted: bool) -> list[float]:
    """Probability of each label of an answer, from the tokens whose bytes are some of its own."""
    text = b"".join(spelt for spelt, _ in tokens)
    found, start = [], 0
    for label in labels:
        start = text.index(label.encode(), start)
        end, at, inside = start + len(label.encode()), 0, []
        for spelt, value in tokens:
            if spelt and at < end and at + len(spelt) > start:
                inside.append(value)
            elif at == end and restricted and label == OPEN:
                inside.append(value)
                break
            at += len(spelt)
        found.append(math.exp(sum(inside)))
        start = end
    return found


def test_confidence_is_what_transformers_computes(engine: Engine, tmp_path: Path) -> None:
    asked = [engine.ask(form, n) for form, n in FORMS]
    tokens = iter(forced([answer for answers, _ in asked for answer in answers], tmp_path))
    for (form, n), (answers, labels) in zip(FORMS, asked, strict=True):
        given = [label for label, _ in labels if label]
        assert form == "free" or len(given) == len(TEXTS)
        for place, _ in enumerate(answers):
            mine = [each for each in labels[place * n : place * n + n] if each[0]]
            wanted = worth_of([str(label) for label, _ in mine], next(tokens), form != "free")
            assert [confidence for _, confidence in mine] == pytest.approx(wanted, abs=1e-4), (form, n)
    free = [
        label
        for (form, _), (_, labels) in zip(FORMS, asked, strict=True)
        if form == "free"
        for label, _ in labels
    ]
    assert any(free), "a free answer to these prompts says some label"
