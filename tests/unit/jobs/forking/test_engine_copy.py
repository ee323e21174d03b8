"""Copies of a fork server: real processes of this Python, which has no vLLM to import."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.engines import wait_until
from support.project import ROOT

from batchscope.common.exit_status import CRASHED
from batchscope.common.processes import gone
from batchscope.jobs.forking.engine_copy import SHARED, EngineCopy, itself, place, start_copy

PROGRAM = """
import json, os, sys, time
from pathlib import Path
import batchscope
print("said")
about = {"arguments": sys.argv[1:], "folder": os.getcwd(), "session": os.getsid(0), "parent": os.getppid(),
         "mine": os.environ.get("MINE"), "ours": batchscope.__file__}
Path("about.part").write_text(json.dumps(about))
Path("about.part").rename("about.json")
time.sleep(float(os.environ.get("SLEEP", 0)))
sys.exit(7)
"""


class Call:
    """A call in a folder that the process ``follow`` is behind."""

    def __init__(self, folder: Path, follow: psutil.Process) -> None:
        self.folder = folder
        (folder / "program.py").write_text(PROGRAM)
        (folder / "state").mkdir()
        self.order: dict[str, Any] = {
            "device": "cpu", "python": sys.executable, "state": str(folder / "state" / "key"),
            "follow": [follow.pid, follow.create_time()],
        }  # fmt: skip

    def copy(self, **variables: str) -> EngineCopy | None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
        with (self.folder / "log").open("wb") as log:
            return start_copy(self.order, "program", ["one", "two"], environment, log, lambda process: False)

    def about(self) -> Mapping[str, Any]:
        assert wait_until((self.folder / "about.json").exists, 60)
        return json.loads((self.folder / "about.json").read_text())


@pytest.fixture
def above() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that stands for Snakemake."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, above: "subprocess.Popen[bytes]") -> Iterator[Call]:
    monkeypatch.delenv(SHARED, raising=False)
    monkeypatch.chdir(tmp_path)
    yield Call(tmp_path, psutil.Process(above.pid))
    above.kill()
    above.wait()
    assert wait_until(lambda: not servers(tmp_path), 20), "a fork server ends with what it follows"


def described(folder: Path) -> list[Path]:
    return list((folder / "state").glob("*.forks"))


def servers(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if "batchscope.worker.fork_server" in process.cmdline() and process.cwd() == str(
                folder / "state"
            ):
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if not gone(process)]


def test_a_copy_is_what_a_new_process_would_be(call: Call) -> None:
    copy = call.copy(MINE="yes")
    assert copy
    assert not wait_until((call.folder / "about.json").exists, 0.5), "it waits until it is watched"
    assert copy.wait(60) == 7
    about = call.about()
    assert about["arguments"] == ["one", "two"]
    assert about["folder"] == str(call.folder)
    assert about["session"] == copy.pid, "so that its group can be ended"
    assert about["mine"] == "yes"
    assert about["ours"] == str(ROOT / "batchscope" / "__init__.py")
    assert (call.folder / "log").read_text() == "said\n"
    assert (call.folder / "state" / "key.environment" / "environment.json").exists()


def test_the_next_one_has_the_same_server_and_another_variable_another(call: Call) -> None:
    first, second = call.copy(), call.copy(BATCHSCOPE_HELD_GPUS="says where it belongs")
    assert first
    assert second
    assert len(described(call.folder)) == 1
    other = call.copy(VLLM_LOGGING_LEVEL="ERROR")
    assert other
    assert len(described(call.folder)) == 2
    assert [copy.wait(60) for copy in (second, first, other)] == [7, 7, 7]


def test_a_signal_is_told(call: Call) -> None:
    copy = call.copy(SLEEP="600")
    assert copy
    with pytest.raises(subprocess.TimeoutExpired):
        copy.wait(0.2)
    call.about()
    os.killpg(copy.pid, signal.SIGKILL)
    assert copy.wait(60) == -signal.SIGKILL


def test_a_copy_whose_client_hangs_up_before_it_goes_is_gone(call: Call) -> None:
    copy = call.copy()
    assert copy
    process = psutil.Process(copy.pid)
    del copy
    assert wait_until(lambda: gone(process), 20)
    assert not (call.folder / "about.json").exists()


def test_a_server_that_is_killed_takes_no_copy_along(call: Call) -> None:
    copy = call.copy(SLEEP="3")
    assert copy
    with pytest.raises(subprocess.TimeoutExpired):
        copy.wait(0.1)
    call.about()
    for server in servers(call.folder):
        if server.pid != copy.pid:
            server.kill()
    assert not gone(psutil.Process(copy.pid))
    assert copy.wait(60) == CRASHED, "how it ended only the server knew"


def test_there_is_none_for_a_gpu_or_where_it_cannot_start(call: Call) -> None:
    call.order["device"] = "cuda"
    assert call.copy() is None
    call.order |= {"device": "cpu", "python": "/bin/false"}
    assert call.copy() is None


def test_a_server_that_hangs_is_given_up(call: Call, tmp_path: Path) -> None:
    hanging = tmp_path / "hanging"
    hanging.write_text("#!/bin/sh\nexec sleep 600\n")
    hanging.chmod(0o755)
    call.order["python"] = str(hanging)
    with (tmp_path / "log").open("wb") as log:
        assert start_copy(call.order, "program", [], dict(os.environ), log, lambda process: True) is None


def test_links_to_an_environment_are_followed_and_its_python_s_own_is_not(tmp_path: Path) -> None:
    (tmp_path / "made" / "bin").mkdir(parents=True)
    (tmp_path / "made" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "link").symlink_to(tmp_path / "made")
    assert itself(str(tmp_path / "link" / "bin" / "python")) == str(tmp_path / "made" / "bin" / "python")


def test_servers_are_shared_where_several_calls_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SHARED, str(tmp_path))
    one = place("a/state/key", "python", {"X": "1", "NOTED": "here"}, ["NOTED"])
    assert one == place("b/state/key", "python", {"X": "1", "NOTED": "there", "PWD": "/"}, ["NOTED"])
    assert one.parent == tmp_path
    assert one != place("a/state/key", "python", {"X": "2"}, ["NOTED"])
    assert one != place("a/state/key", "other", {"X": "1"}, ["NOTED"])
    monkeypatch.delenv(SHARED)
    assert place("a/state/key", "python", {}, []).parent == Path("a/state")
