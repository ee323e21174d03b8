"""The machine as environment.json has it."""

import json
from pathlib import Path

import pytest
from support.nvml_answers import GPU_A, GPU_B, Recorded, machine

from batchscope.common.nvml import Nvml
from batchscope.common.visible_gpus import HELD_VARIABLE
from batchscope.results.records import Environment
from batchscope.worker.telemetry import environment
from batchscope.worker.telemetry.environment import describe_environment, hash_of_uuid, write_environment


def written(folder: Path, computing: list[str] | None = None) -> Environment:
    write_environment("cuda", folder, computing)
    return Environment.model_validate(json.loads((folder / "environment.json").read_text()))


@pytest.fixture
def _second_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "open_nvml", lambda: Nvml(Recorded(machine(GPU_A, GPU_B))))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")


@pytest.mark.usefixtures("_second_of_two")
def test_the_gpus_held_sampled_and_computing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HELD_VARIABLE, GPU_B)
    gpu = written(tmp_path, [GPU_A]).gpu
    assert gpu is not None
    assert (gpu.held, gpu.ids) == ((hash_of_uuid(GPU_B),),) * 2
    assert gpu.computing == (hash_of_uuid(GPU_A),)


@pytest.mark.usefixtures("_second_of_two")
def test_what_is_not_known_of_them_is_null(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HELD_VARIABLE, "")
    gpu = written(tmp_path).gpu
    assert gpu is not None
    assert (gpu.held, gpu.computing, gpu.power_limit_w) == (None, None, None)


@pytest.mark.usefixtures("_second_of_two")
def test_runs_on_gpus_of_one_kind_have_one_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = written(tmp_path, [GPU_B]).fingerprint
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert written(tmp_path).fingerprint == second


def test_a_machine_without_nvml_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "open_nvml", lambda: None)
    gpu = written(tmp_path).gpu
    assert gpu is not None
    assert (gpu.name, gpu.ids, gpu.memory_bytes) == ("unknown GPU", (), None)


def test_the_cores_that_are_held_are_told_and_do_not_tell_machines_apart(monkeypatch) -> None:
    before = describe_environment("cpu")
    assert "held" not in before["cpu"]
    monkeypatch.setenv("BATCHSCOPE_HELD_CORES", "4,6")
    after = describe_environment("cpu")
    assert after["cpu"]["held"] == [4, 6]
    assert after["fingerprint"] == before["fingerprint"]
