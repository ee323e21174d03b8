"""All checks together, on configurations as they ship."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from snakemake.utils import update_config
from support.plan_mistakes import PLAN_MISTAKES, PlanMistake
from support.situations import local_model, situation
from support.studies import DEFAULT, shipped

from batchscope.planning import checks
from batchscope.planning.checks.registry import CHECKS, findings
from batchscope.planning.checks.situation import Situation
from batchscope.planning.problems import Problem, describe_problems, problems_of
from batchscope.studies.grid import expand_serving, expand_studies

NO_CHECKS = {"__init__", "registry", "situation", "model_files", "vllm_source", "gpu_facts"}


def test_every_check_is_registered() -> None:
    modules = {path.stem for path in Path(checks.__file__).parent.glob("*.py")} - NO_CHECKS
    assert {check.__module__.rpartition(".")[2] for check in CHECKS} == modules


def test_the_shipped_demo_has_no_problem(tmp_path: Path) -> None:
    runs = [*expand_studies(DEFAULT), *expand_serving(DEFAULT)]
    assert not problems_of(findings(Situation(DEFAULT, tmp_path / "results", runs)))


def found_in(mistake: PlanMistake, folder: Path, *overlays: dict[str, Any]) -> list[Problem]:
    merged = local_model(folder / "model", **mistake.model) if mistake.model else {}
    for overlay in overlays:
        update_config(merged, deepcopy(overlay))
    return problems_of(findings(situation(merged, folder / "results")))


@pytest.mark.parametrize("name", PLAN_MISTAKES)
def test_a_mistake_is_told_in_one_line_and_its_remedy_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    mistake = PLAN_MISTAKES[name]
    text = describe_problems(found_in(mistake, tmp_path, mistake.wrong))
    assert "\n" not in text, text
    for words in mistake.says:
        assert words in text
    assert not found_in(mistake, tmp_path, mistake.wrong, mistake.right)


def test_everything_wrong_comes_in_one_list(tmp_path: Path) -> None:
    args = {"kv_cache_memory_bytes": 1 << 20, "extra": {"max_seq_len": 4096}, "quantization": "fp9"}
    model = {"mine": {"source": "local", "path": "no/such/folder"}}
    wrong = situation({"engine": {"args": args}, "models": model}, tmp_path)
    assert {problem.where for problem in problems_of(findings(wrong))} == {
        "engine.args.quantization",
        "engine.args.extra.max_seq_len",
    }, "no run names that model, and with such a type no size is known"


def test_the_published_study_on_a_machine_without_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    config = shipped("configs/hermes-8b.yaml")
    found = findings(Situation(config, tmp_path / "results", expand_studies(config)))
    assert "gpus" in {problem.where for problem in problems_of(found)}
