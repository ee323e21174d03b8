"""Nsight Systems around small programs: what it records, and each way in which that can fail."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.project import ROOT

from batchscope.common.answer_limits import exactly
from batchscope.common.errors import UserError
from batchscope.profiling.capture import CaptureJob
from batchscope.profiling.nsys import check_room, export, find_nsys, parse, record, report_environment

needs_nsys = pytest.mark.nsys

ENGINE_PYTHON = str(ROOT / ".engines" / "cpu" / "bin" / "python")

STEPPING = """
import nvtx, time
window = nvtx.start_range("window", domain="batchscope")
for tokens in (100, 50, 7):
    with nvtx.annotate(f"execute_context_1({tokens})_generation_2(2)"), nvtx.annotate("aten::mm"):
        time.sleep(0.02)
nvtx.end_range(window)
"""
"""A program that marks a window and steps, as the engine's worker does."""


def job(folder: Path, timeout_s: float = 120) -> CaptureJob:
    return CaptureJob(
        python=ENGINE_PYTHON, device="cpu", gpus=[], model="", asset={}, args={}, variables={}, prompts="",
        answers=exactly(1, 1).as_json(), steps=1, out=folder, log=folder / "log",
        timeout_s=timeout_s,
    )  # fmt: skip


def run(program: str, folder: Path, timeout_s: float = 120, **variables: str) -> None:
    """A program under the real nsys."""
    env = report_environment({**os.environ, **variables}, {})
    record(find_nsys(), [ENGINE_PYTHON, "-c", program], job(folder, timeout_s), env)


@needs_nsys
def test_a_small_program_is_recorded_and_secrets_are_not(tmp_path: Path) -> None:
    secrets = {"HF_TOKEN": "hush-1", "VLLM_API_KEY": "hush-2", "DATABASE_URL": "hush-3"}
    run(STEPPING, tmp_path, VLLM_HARMLESS="shown-1", **secrets)
    export(find_nsys(), tmp_path, ["nvtx_sum"])
    events, steps = parse(tmp_path)
    assert steps["prefill_tokens"].tolist() == [100, 50, 7]
    assert steps["duration_s"].gt(0.02).all()
    operators = events[events["kind"] == "operator"]
    assert operators["name"].tolist() == ["aten::mm"] * 3
    assert operators["step"].tolist() == [0, 1, 2]
    assert (events["kind"] == "osrt").any()
    assert "execute_context_1(100)" in (tmp_path / "window_nvtx_sum.csv").read_text()
    report, database = ((tmp_path / f"window.{ending}").read_bytes() for ending in ("nsys-rep", "sqlite"))
    assert b"shown-1" in report  # what would show a secret
    assert b"shown-1" not in database
    assert b"hush" not in report + database


@needs_nsys
def test_a_program_that_marks_no_window_leaves_an_empty_capture(tmp_path: Path) -> None:
    run("import nvtx; nvtx.mark('nothing')", tmp_path)
    with pytest.raises(UserError, match="nsys wrote no report: the capture holds no engine step"):
        export(find_nsys(), tmp_path, [])


@needs_nsys
def test_a_window_without_steps_is_an_empty_capture(tmp_path: Path) -> None:
    run("import nvtx; nvtx.end_range(nvtx.start_range('window', domain='batchscope'))", tmp_path)
    export(find_nsys(), tmp_path, ["nvtx_sum"])
    with pytest.raises(UserError, match=r"window.sqlite: the capture holds no engine step"):
        parse(tmp_path)


@needs_nsys
def test_tables_that_nsys_does_not_write_stop_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(STEPPING, tmp_path)
    export(find_nsys(), tmp_path, ["nvtx_sum", "no_such_table"])
    assert "nsys stats wrote no no_such_table: " in capsys.readouterr().out
    assert (tmp_path / "window_nvtx_sum.csv").exists()
    assert len(parse(tmp_path)[1]) == 3


@needs_nsys
def test_a_program_that_fails_under_nsys_tells_why(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the capture failed: ValueError: too small"):
        run("raise ValueError('too small')", tmp_path)


@needs_nsys
@pytest.mark.parametrize("left", [0, 1000, 0.7])
def test_a_report_that_is_cut_off_says_so(tmp_path: Path, left: float) -> None:
    run(STEPPING, tmp_path)
    report = tmp_path / "window.nsys-rep"
    content = report.read_bytes()
    report.write_bytes(content[: int(left if left >= 1 else left * len(content))])
    with pytest.raises(UserError, match=r"nsys could not read the report or write its database \(.+\)"):
        export(find_nsys(), tmp_path, [])
    assert not (tmp_path / "window.sqlite").exists()


@needs_nsys
def test_a_full_disk_stops_the_export_and_leaves_no_database(tmp_path: Path) -> None:
    """A limit on file size stands for the disk."""
    run(STEPPING, tmp_path)
    program = (
        "from pathlib import Path; from batchscope.common.errors import run_script\n"
        "from batchscope.profiling.nsys import export, find_nsys\n"
        f"run_script(lambda: export(find_nsys(), Path({str(tmp_path)!r}), []))"
    )
    call = subprocess.run(
        [sys.executable, "-c", program],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)),
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert call.returncode == 1
    assert "nsys could not read the report or write its database" in call.stderr
    assert "is the disk full?" in call.stderr
    assert not (tmp_path / "window.sqlite").exists()


def test_a_folder_without_room_is_named_before_nsys_starts(tmp_path: Path) -> None:
    check_room(tmp_path, room=1)
    with pytest.raises(UserError, match=r"no space left for the capture: .* MB free, and nsys needs .* MB"):
        check_room(tmp_path, room=2 * shutil.disk_usage(tmp_path).total)


def marked(text: str) -> list[int]:
    """Processes with this in their environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and text in process.environ().values():
                found.append(process.pid)
    return found


HANGING = "import subprocess; subprocess.run(['sleep', '1000'], start_new_session=True)"

STOPPING_NSYS = """
import psutil, signal, time
nsys = next(each for each in psutil.Process().parents() if "profile" in each.cmdline()[:2])
nsys.send_signal(signal.SIGSTOP)
"""


@needs_nsys
@pytest.mark.parametrize("program", [HANGING, STOPPING_NSYS])
def test_nsys_that_hangs_is_stopped_with_all_that_it_started(tmp_path: Path, program: str) -> None:
    mark = f"mark-{tmp_path}"
    with pytest.raises(UserError, match=r"stopped after 6 s; raise profile\.timeout_s"):
        run(program, tmp_path, timeout_s=6, VLLM_MARK=mark)
    assert not marked(mark)


@needs_nsys
def test_nothing_runs_on_when_the_caller_is_killed(tmp_path: Path) -> None:
    mark = f"mark-{tmp_path}"
    program = (
        "import sys; sys.path[:0] = ['tests', 'tests/unit/profiling']\nfrom pathlib import Path; from test_nsys import run, HANGING\n"
        f"run(HANGING, Path({str(tmp_path)!r}), VLLM_MARK={mark!r})"
    )
    caller = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    until(lambda: len(marked(mark)) >= 4)  # nsys, its agent, Python, sleep
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    until(lambda: not marked(mark))


def until(condition: Any) -> None:
    """Wait for at most a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("program", "says"),
    [("true", r"nsys does not work: "), ("bash", r"nsys is version \d+\.\d+; 2023\.4 or newer is needed")],
)
def test_a_program_of_that_name_that_is_none_or_too_old(
    program: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nsys").symlink_to(str(shutil.which(program)))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=says):
        find_nsys()
