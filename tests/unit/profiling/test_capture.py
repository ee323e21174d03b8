"""A capture as a process: one that hangs, one that fails, a full disk."""

import sys
from pathlib import Path

import pytest

from batchscope.common.answer_limits import exactly
from batchscope.common.errors import UserError
from batchscope.profiling.capture import CaptureJob, run_capture


def job(folder: Path, timeout_s: float) -> CaptureJob:
    return CaptureJob(
        python=sys.executable, device="cpu", gpus=[], model="", asset={}, args={}, variables={}, prompts="",
        answers=exactly(1, 1).as_json(), steps=1, out=folder, log=folder / "log",
        timeout_s=timeout_s,
    )  # fmt: skip


def test_a_capture_that_hangs_is_stopped_with_all_that_it_started(tmp_path: Path) -> None:
    code = "import subprocess, time; p = subprocess.Popen(['sleep', '1000']); print(p.pid, flush=True); time.sleep(1000)"
    with pytest.raises(UserError, match=r"stopped after 2 s; raise profile\.timeout_s"):
        run_capture([sys.executable, "-c", code], job(tmp_path, 2), {})
    child = int((tmp_path / "log").read_text())
    assert not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]


def test_a_capture_that_fails_tells_the_cause_and_the_log(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the capture failed: ValueError: too small\n  See the log: .*log"):
        run_capture([sys.executable, "-c", "raise ValueError('too small')"], job(tmp_path, 60), {})


@pytest.mark.parametrize("status", [0, 1])
def test_a_full_disk_is_named_whether_the_engine_minds_or_not(tmp_path: Path, status: int) -> None:
    said = "WARNING [wrapper.py:100] Failed to stop profiler: [Errno 28] No space left on device"
    with pytest.raises(UserError, match=r"no space left for .*\n  See the log: .*log"):
        run_capture([sys.executable, "-c", f"print({said!r}); exit({status})"], job(tmp_path, 60), {})
