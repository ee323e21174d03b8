"""The server's port, and limits of answers that differ between the prompts of a load; each remedy is followed."""

import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.label_answers import PUBLISHED, label_tokenizer
from support.situations import hermes, of_version, problem, situation
from support.vllm_names import kept

from batchscope.common.answer_limits import AnswerLimits
from batchscope.config.task import Task
from batchscope.config.workload import Workload
from batchscope.inputs.answers.limits import answers_asked
from batchscope.planning.checks.servers import FIELD, LOOPBACK, check, differs, refused, rest
from batchscope.planning.problems import Finding, Unchecked
from batchscope.worker.server.answer_bodies import bodies_of

LOADS = {"mine": {"grid": {"n": [4]}}}
CARDS = Task.model_validate({"labels": ["card", "card lost", "card stolen"]})
OLD = ("prompt", "prompt_len", "expected_output_len", "request_id")
NEW = (*OLD, FIELD)
NEW_PLACE, OLD_PLACE = "benchmarks/datasets/datasets.py", "benchmarks/datasets.py"


@dataclass
class Asked:
    answer: AnswerLimits
    texts: int


def client(folder: Path, version: str, fields: tuple[str, ...], place: str) -> dict[str, Any]:
    """An overlay whose environment has a vLLM with such requests; no fields: without that file."""
    overlay = {**hermes(folder / "model"), **of_version(folder, version)}
    label_tokenizer().save(str(folder / "model" / "tokenizer.json"))
    if fields:
        source = folder / "lib" / "python3.11" / "site-packages" / "vllm" / place
        source.parent.mkdir(parents=True)
        lines = [f"    {name}: object = None" for name in fields]
        source.write_text("\n".join(["class SampleRequest:", *lines, ""]))
    return overlay


def old(folder: Path) -> dict[str, Any]:
    """vLLM 0.18.1, whose requests lack the field."""
    return client(folder, "0.18.1", OLD, OLD_PLACE)


def served(overlay: dict[str, Any], **of_study: Any) -> list[Finding]:
    """What is found of a study that asks a server with this environment."""
    study = {"set": {"n": 40, "texts": 100, "answer": "json"} | of_study, "grid": {"load.seed": [0]}}
    return list(check(situation({**overlay, "serving": {"studies": {"mine": study}}})))


def test_limits_that_differ_are_refused_and_each_remedy_works(tmp_path: Path) -> None:
    found = problem(served(old(tmp_path / "old")))
    assert str(found) == (
        "serving.studies.mine: answer: prompts hold 40 texts and the last 20, so the limits of their answers (json) "
        "differ, and vLLM 0.18.1 (environments.cuda) sends the same ones with all requests of a load; "
        "set texts to 80, a multiple of n (40), there, or name an environment with vLLM 0.26 or newer in "
        "engine.environment"
    )
    assert not served(old(tmp_path / "even"), texts=80)
    assert not served(client(tmp_path / "new", "0.26.0", NEW, NEW_PLACE))


@pytest.mark.parametrize(("version", "source"), kept().items())
def test_a_version_is_refused_by_what_its_source_says(tmp_path: Path, version: str, source: dict) -> None:
    names = source[f"{NEW_PLACE}|{OLD_PLACE}"]
    fields = tuple(name.removeprefix("SampleRequest.") for name in names)
    for number, place in enumerate((NEW_PLACE, OLD_PLACE)):
        found = served(client(tmp_path / str(number), version, fields, place))
        assert bool(found) == (FIELD not in fields) == (version == "0.18.1")


def test_a_source_that_does_not_say_refuses_nothing(tmp_path: Path) -> None:
    assert not served(client(tmp_path / "silent", "0.18.1", (), OLD_PLACE))
    nowhere = {"environments": {"cuda": {"python": str(tmp_path / "no" / "python"), "device": "cuda"}}}
    assert not served({**hermes(tmp_path / "model"), **nowhere})


def test_offline_runs_are_not_served(tmp_path: Path) -> None:
    study = {"set": {"n": 40, "texts": 100, "answer": "json"}, "grid": {"instruction": ["last"]}}
    assert not list(check(situation({**old(tmp_path), "studies": {"mine": study}})))


def test_one_number_of_texts_suits_all_runs_of_a_study(tmp_path: Path) -> None:
    overlay = old(tmp_path)

    def of(**values: Any) -> list[Finding]:
        study = {"set": {"answer": "json", **values}, "grid": {"n": [20, 30]}}
        return list(check(situation({**overlay, "serving": {"studies": {"mine": study}}})))

    assert "set texts to 60, a multiple of n (20, 30)," in problem(of(texts=100)).remedy
    assert not of(texts=60)
    assert problem(of(texts=50, numbered=True)).remedy.startswith(
        "set answer: free and numbered: false there"
    )
    assert not of(texts=50, answer="free", numbered=False)


def test_labels_of_one_token_are_served_and_longer_ones_are_not(tmp_path: Path) -> None:
    overlay, cards = old(tmp_path), {"task": {"labels": list(CARDS.names)}}
    assert not served(overlay, answer="labels")
    assert problem(served({**overlay, **cards}, answer="labels"))
    assert problem(served(overlay, answer="labels", numbered=True))


def test_what_only_a_tokenizer_or_the_texts_can_tell_is_not_refused(tmp_path: Path) -> None:
    overlay = old(tmp_path)
    assert [type(each) for each in served(overlay, fit=True)] == [Unchecked]
    assert not served(overlay, fit=True, texts=80)
    overlay["models"] = {"mine": {"source": "hub", "id": "no/such-model-here"}}
    assert [type(each) for each in served(overlay, answer="labels")] == [Unchecked]
    assert problem(served(overlay, answer="json"))
    assert not served(overlay, answer="labels", texts=80)


@pytest.mark.parametrize("task", [PUBLISHED, CARDS])
@pytest.mark.parametrize("numbered", [False, True])
@pytest.mark.parametrize("answer", ["free", "labels", "codes", "json"])
@pytest.mark.parametrize("texts", [8, 9, 11])
def test_it_is_as_the_bodies_of_the_requests_have_it(
    task: Task, numbered: bool, answer: str, texts: int
) -> None:
    values = {"n": 4, "texts": texts, "answer": answer, "numbered": numbered, "output_tokens_per_text": None}
    workload, tokenizer = Workload.model_validate(values), label_tokenizer()
    sizes = [workload.texts_in_prompt(prompt) for prompt in range(-(-texts // 4))]
    limits = answers_asked(workload, task, sizes, tokenizer, packed=True).limits
    bodies = bodies_of([Asked(limits[n], n) for n in sizes])
    assert bool(bodies.each) == bool(rest(workload) and differs(workload, task, tokenizer))


def test_a_port_that_is_taken_is_told_with_one_that_is_free() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        found = problem(list(check(situation({"serving": {"port": port, "studies": LOADS}}))))
        assert found.where == "serving.port"
        free = int(re.findall(r"\d+", found.remedy)[0])
        assert refused(free) is None
        assert not list(check(situation({"serving": {"port": free, "studies": LOADS}})))
        assert not list(check(situation({"serving": {"port": None, "studies": LOADS}})))
        assert not list(check(situation({"serving": {"port": port}}))), "nothing is served"
