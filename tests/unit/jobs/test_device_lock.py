"""One run has a device at a time, among all workflows on a machine."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from support.project import ROOT

from batchscope.common.errors import UserError
from batchscope.jobs.device_lock import _visible_gpus, device_is_free, device_lock


def test_two_holders_never_overlap(tmp_path: Path) -> None:
    holder = (
        "import sys, time; from batchscope.jobs.device_lock import device_lock\n"
        "with device_lock('cpu', 1):\n"
        "    start = time.monotonic(); time.sleep(0.4)\n"
        "    open(sys.argv[1], 'a').write(f'{start} {time.monotonic()}\\n')\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    log = tmp_path / "windows"
    holders = [subprocess.Popen([sys.executable, "-c", holder, log], env=env) for _ in range(4)]
    assert [holder.wait(30) for holder in holders] == [0, 0, 0, 0]
    windows = sorted(tuple(map(float, line.split())) for line in log.read_text().splitlines())
    assert len(windows) == 4
    assert all(end <= start for (_, end), (start, _) in pairwise(windows))


def test_a_killed_holder_frees_the_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import time; from batchscope.jobs.device_lock import device_lock\n"
         "with device_lock('cpu', 1): print('held', flush=True); time.sleep(300)"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    holder.kill()
    holder.wait()
    with device_lock("cpu", 1) as gpus:
        assert gpus == []


def test_gpus_are_taken_from_those_handed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    with device_lock("cuda", 1) as first, device_lock("cuda", 1) as second:
        assert (first, second) == (["3"], ["5"])
    with pytest.raises(UserError, match="needs 4 GPU"), device_lock("cuda", 4):
        pass


def test_workflows_that_are_given_one_gpu_each_do_not_wait_for_each_other(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for variable in ("SLURM_STEP_GPUS", "SLURM_JOB_GPUS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with device_lock("cuda", 1):
        assert not device_is_free("cuda", 1)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
        assert device_is_free("cuda", 1)


def test_without_a_choice_gpus_are_counted_as_cuda_does(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert _visible_gpus(tmp_path) == []
    for name in ("nvidia5", "nvidia7", "nvidiactl", "nvidia-uvm", "nvidia-caps"):
        (tmp_path / name).touch()
    assert _visible_gpus(tmp_path) == ["0", "1"]


def test_allocations_that_count_gpus_from_0_do_not_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("SLURM_STEP_GPUS", "3")
    with device_lock("cuda", 1) as held:
        assert held == ["0"], "the engine gets the name that it knows"
        assert not device_is_free("cuda", 1)
        monkeypatch.setenv("SLURM_STEP_GPUS", "5")
        assert device_is_free("cuda", 1)
    assert {path.name for path in tmp_path.glob("*.lock")} == {f"vllm-batchscope-{n}.lock" for n in (3, 5)}
