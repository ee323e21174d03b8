"""GPUs that are not there, or that others use."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from support.situations import engine, hermes, problem, situation

from batchscope.jobs.device_lock import device_lock
from batchscope.planning.checks.devices import WAITS, check, in_use, too_few
from batchscope.planning.checks.gpu_facts import Gpu

FREE = Gpu("0", "GPU-1", "NVIDIA H100", 80_000_000_000, 79_000_000_000)
TAKEN = replace(FREE, index="1", uuid="GPU-2", free=30_000_000_000)


def test_fewer_gpus_than_a_run_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overlay = hermes(tmp_path / "model")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (one,) = situation(overlay).engines
    (found,) = too_few(one, 0)
    assert found.what == "the run needs 1 GPU(s) and this process sees 0"
    overlay["engine"]["args"]["tensor_parallel_size"] = 4
    (four,) = situation(overlay).engines
    (found,) = too_few(four, 2)
    assert found.remedy.startswith("set engine.args.tensor_parallel_size to 2, run it where")
    assert not list(too_few(one, 1))


def test_a_gpu_that_another_program_fills(tmp_path: Path) -> None:
    uses = situation(hermes(tmp_path / "model")).engines
    assert not list(in_use(uses, [FREE], 1))
    (found,) = in_use(uses, [TAKEN], 1)
    assert "GPU 1 (30.0 GB of 80.0 GB free)" in found.what
    assert found.remedy.startswith("end those programs")
    (found,) = in_use(uses, [TAKEN, FREE], 1)
    assert found.remedy.startswith("set CUDA_VISIBLE_DEVICES=0, or")
    assert not list(in_use(uses, [replace(TAKEN, free=None)], 1)), "a driver that does not tell"


def test_no_gpu_is_seen_where_the_variable_hides_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    wanted = situation(hermes(tmp_path / "model"))
    found = problem(list(check(wanted)))
    assert found.where == "gpus"
    assert "CUDA_VISIBLE_DEVICES is ''" in found.what
    assert "name in CUDA_VISIBLE_DEVICES those that it may have" in found.remedy
    assert not list(check(replace(wanted, elsewhere=True))), "the nodes have them"


def test_a_device_that_another_workflow_holds_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert not list(check(situation({})))
    with device_lock("cpu", 1):
        (found,) = check(situation({}))
    assert found.what == WAITS


def test_cores_that_are_not_there_and_engines_over_several_sets_are_told() -> None:
    (mine, *_) = sorted(os.sched_getaffinity(0))
    assert not list(check(situation({"core_sets": [[mine]]})))
    found = problem(list(check(situation({"core_sets": [[mine], [9999]]}))))
    assert (found.where, "core 9999" in found.what) == ("core_sets", True)
    assert str(mine) in found.remedy
    spread = {"core_sets": [[mine]], **engine(tensor_parallel_size=2)}
    found = problem(list(check(situation(spread))))
    assert found.where == "engine.args.tensor_parallel_size"
    assert "set it to 1" in found.remedy
    assert not list(check(situation(engine(tensor_parallel_size=2))))
