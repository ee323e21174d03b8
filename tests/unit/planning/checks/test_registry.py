"""All checks together, on configurations as they ship."""

from pathlib import Path

import pytest
from support.situations import situation
from support.studies import DEFAULT, shipped

from batchscope.planning import checks
from batchscope.planning.checks.registry import CHECKS, findings
from batchscope.planning.checks.situation import Situation
from batchscope.planning.problems import problems_of
from batchscope.studies.grid import expand_serving, expand_studies

NO_CHECKS = {"__init__", "registry", "situation", "model_files", "vllm_source", "gpu_facts"}


def test_every_check_is_registered() -> None:
    modules = {path.stem for path in Path(checks.__file__).parent.glob("*.py")} - NO_CHECKS
    assert {check.__module__.rpartition(".")[2] for check in CHECKS} == modules


def test_the_shipped_demo_has_no_problem(tmp_path: Path) -> None:
    runs = [*expand_studies(DEFAULT), *expand_serving(DEFAULT)]
    assert not problems_of(findings(Situation(DEFAULT, tmp_path / "results", runs)))


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
