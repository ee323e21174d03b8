"""What the verdict gives to copy, run on the real engine: it answers as the run that it describes did.

It is run as printed, but for the random weights of the run, which are put back: they are left out of the copy.
"""

import json
import shlex
import subprocess
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pandas as pd
import pytest
from support.engine_python import PYTHON, run_beside_vllm
from support.project import Project
from tokenizers import Tokenizer

from batchscope.config.configuration import load_config
from batchscope.config.workload import Workload
from batchscope.inputs.answers.limits import answers_asked
from batchscope.inputs.answers.reader import AnswerReader
from batchscope.inputs.models import load_tokenizer
from batchscope.inputs.prompts import build_prompts
from batchscope.inputs.texts.source_text import read_source_texts
from batchscope.jobs.environments import variables_for
from batchscope.studies.grid import expand_studies
from batchscope.studies.run import Run
from batchscope.verdict.copies.python_script import python_script
from batchscope.verdict.copies.recipe import recipe_of

pytestmark = pytest.mark.engine

DIRECTLY = build_opener(ProxyHandler({}))


def in_a_row(words: list[str]) -> str:
    """Each after a blank, as tokens that stand for labels have them."""
    return "".join(f" {word}" for word in words)


FORMS = {
    "labels": ({"answer": "labels"}, ["positive", "negative", "negative", "positive"], in_a_row),
    "codes": ({"answer": "codes"}, ["A", "B", "B", "A"], in_a_row),
    "numbered": (
        {"answer": "labels", "numbered": True}, ["positive", "negative", "negative", "positive"],
        lambda words: "\n".join(f"{number}. {word}" for number, word in enumerate(words, 1)),
    ),
    "json": (
        {"answer": "json"}, ["positive", "negative", "negative", "positive"],
        lambda words: json.dumps({str(number): word for number, word in enumerate(words, 1)}),
    ),
    "cut": ({"answer": "labels", "text_tokens": 6, "cut": "both"}, ["positive"] * 4, in_a_row),
}  # fmt: skip
"""Other forms of answers, each with one that a model may give."""


def copied(project: Project) -> tuple[dict[str, str], str]:
    """What is to be copied, and the run that it describes."""
    offline = json.loads((project.results / "verdict.json").read_text())["offline"]
    return offline["copy"], offline["recommended"] or offline["fastest"]["run"]


def with_random_weights(script: str) -> str:
    """The script with the weights that were measured."""
    before, call, after = script.partition("        model=MODEL,\n")
    assert call
    assert "load_format=" not in script
    assert "# Measured with random weights" in script
    return f'{before}{call}        load_format="dummy",\n{after}'


def as_measured(project: Project, run: str) -> list[list[list[int]]]:
    """Prompts and answers of the run's first pass."""
    rows = pd.read_parquet(project.results / "runs" / run / "requests.parquet")
    rows = rows[rows["repeat"] == 0].sort_values("prompt")
    prompts = prompts_of(project, run)
    return [[ids, list(row)] for ids, row in zip(prompts, rows["output_token_ids"], strict=True)]


def prompts_of(project: Project, run: str) -> list[list[int]]:
    name = json.loads((project.results / "runs" / run / "measurement.json").read_text())["prompts"]["id"]
    lines = (project.results / "prompts" / name / "prompts.jsonl").read_text().splitlines()
    return [json.loads(line)["token_ids"] for line in lines]


def other_scripts(project: Project, run: str, folder: Path) -> dict[str, Run]:
    """Scripts of runs that differ in the form of their answers, each with an answer beside it."""
    config = load_config(json.loads((project.results / "config.json").read_text()))
    first = next(each for each in expand_studies(config) if each.id == run)
    made = {}
    for name, (keys, words, joined) in FORMS.items():
        other = Run(
            first.study, name, Workload(layout="packed", n=4, texts=8, **keys), first.engine, first.measure
        )
        answers = answers_asked(
            other.workload, config.task, [4], tokenizer_of(project), packed=True
        ).summary()
        measured = folder / name
        measured.mkdir()
        (measured / "measurement.json").write_text(json.dumps(
            {"prompts": {"chat": False, "adds_special_tokens": True}, "answers": answers}
        ))  # fmt: skip
        script = folder / f"answers_{name}.py"
        script.write_text(python_script(recipe_of(other, config, measured, "results")))
        Path(f"{script}.answer").write_text(json.dumps(joined(words)))
        made[str(script)] = other
    return made


def tokenizer_of(project: Project) -> Tokenizer:
    return load_tokenizer(project.results / "models" / "demo")


@pytest.mark.long
def test_the_script_answers_as_the_run_did(
    measured: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, run = copied(measured)
    (tmp_path / "label.py").write_text(with_random_weights(copy["python"]))
    asked = sum(len(each) for each in texts_of_prompts(measured, run))
    texts = [each.content for each in read_source_texts(measured.results / "data" / "texts.csv")][:asked]
    (tmp_path / "texts.txt").write_text("\n".join(texts) + "\n")
    others = other_scripts(measured, run, tmp_path)
    given = [tmp_path / name for name in ("label.py", "texts.txt", "seen.json")]
    monkeypatch.chdir(measured.folder)
    run_beside_vllm("support.copied_script", *given, *others, folder=tmp_path, seconds=400)
    found = json.loads((tmp_path / "seen.json").read_text())
    assert found["seen"] == as_measured(measured, run)

    printed = [json.loads(line) for line in found["printed"].splitlines() if line.startswith('{"label"')]
    labels = pd.read_parquet(measured.results / "labels" / f"{run.partition('/')[0]}.parquet")
    rows = labels[(labels["run"] == run.partition("/")[2]) & (labels["repeat"] == 0)].sort_values("text_id")
    assert [each["text"] for each in printed] == texts
    assert [each["label"] for each in printed] == [None if pd.isna(each) else each for each in rows["label"]]

    assert found["asked"].keys() == others.keys()
    for script, other in others.items():
        held_against_ours(measured, found["asked"][script], other, Path(f"{script}.answer"))


def texts_of_prompts(project: Project, run: str) -> list[list[int]]:
    name = json.loads((project.results / "runs" / run / "measurement.json").read_text())["prompts"]["id"]
    lines = (project.results / "prompts" / name / "prompts.jsonl").read_text().splitlines()
    return [json.loads(line)["text_ids"] for line in lines]


def held_against_ours(project: Project, asked: dict, run: Run, answer: Path) -> None:
    """A script's prompt, limits and reading are those of the library."""
    config, tokenizer = (
        load_config(json.loads((project.results / "config.json").read_text())),
        tokenizer_of(project),
    )
    texts = list(enumerate(read_source_texts(project.results / "data" / "texts.csv")[:4]))
    limits = answers_asked(run.workload, config.task, [4], tokenizer, packed=True).limits[4]
    if not run.workload.text_tokens:
        (prompt,) = build_prompts(texts, run.prompts, config.prompts, tokenizer, config.task)
        assert asked["prompt"] == prompt.token_ids, run.name
    else:
        assert len(asked["prompt"]) < len(build_prompts(
            texts, run.prompts, config.prompts, tokenizer, config.task)[0].token_ids)  # fmt: skip
    assert asked["allowed"] == limits.allowed_token_ids
    assert asked["max_tokens"] == limits.most
    if limits.grammar:
        # one literal or several that follow each other: the same language
        assert asked["grammar"].replace('" "', "") == limits.grammar.replace('" "', ""), run.name
    reader = AnswerReader(tokenizer, config.task, run.workload.answer, run.workload.numbered)
    assert tuple(asked["labels"]) == reader.read_text(json.loads(answer.read_text()), 4).labels, run.name


def test_the_server_answers_as_the_run_did(measured: Project, tmp_path: Path) -> None:
    copy, run = copied(measured)
    serve, _, request = copy["serve"].partition("\n\n")
    with (tmp_path / "log.txt").open("w") as log:
        server = subprocess.Popen(
            ["bash", "-c", f"exec {without_comment(serve)} --load-format dummy"], cwd=measured.folder, stdout=log, stderr=log,
            env=variables_for("cpu", PYTHON),  # so that vLLM's worker need not import it again
        )  # fmt: skip
        try:
            wait_for("http://localhost:8000/v1/models", server, tmp_path / "log.txt")
            said = subprocess.run(
                ["bash", "-c", f"NO_PROXY='*' no_proxy='*'; export NO_PROXY no_proxy\n{request}"],
                cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
            )  # fmt: skip
        finally:
            server.terminate()
            server.wait(30)
    prompt, answer = as_measured(measured, run)[0]
    assert copy["prompt"] in tokenizer_of(measured).decode(prompt, skip_special_tokens=False)
    answered = json.loads(said.stdout)
    assert answered["usage"]["prompt_tokens"] == len(prompt)
    assert answered["usage"]["completion_tokens"] == len(answer)
    assert answered["choices"][0]["text"] == tokenizer_of(measured).decode(answer)


def without_comment(command: str) -> str:
    """A command that `exec` takes: comments above it stay away."""
    assert "# Measured with random weights" in command
    lines = [line for line in command.splitlines() if not line.startswith("#")]
    assert shlex.split(" ".join(line.removesuffix("\\") for line in lines))
    return "\n".join(lines)


def wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()[-3000:]
        try:
            with DIRECTLY.open(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.5)
    raise AssertionError(log.read_text()[-3000:])
