"""Nothing outlives the workflow, and a device has one run at a time: tried with real processes and signals."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from support.project import ROOT

from batchscope.jobs import supervise
from batchscope.jobs.supervise import TimedOutError, run_supervised

FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
stubborn = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"])
print(child.pid, stubborn.pid, flush=True)
time.sleep({seconds})
"""

LAUNCHER = """
import os, sys
from pathlib import Path
from batchscope.jobs.supervise import run_supervised
with Path(sys.argv[1]).open("wb") as log:
    run_supervised([sys.executable, "-c", sys.argv[2]], log, os.environ, 300)
"""


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition, seconds: float = 12.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def family(log: Path) -> list[int]:
    assert wait_until(lambda: log.exists() and len(log.read_text().split()) == 2)
    return [int(pid) for pid in log.read_text().split()]


def launch(tmp_path: Path, *prefix: str) -> tuple[subprocess.Popen[bytes], Path]:
    log = tmp_path / "log"
    command = [*prefix, sys.executable, "-c", LAUNCHER, str(log), FAMILY.format(seconds=300)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}), log


def test_the_exit_status_comes_back_and_the_family_is_gone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as sink:
        command = [sys.executable, "-c", FAMILY.format(seconds=0.5) + "\nsys.exit(7)"]
        assert run_supervised(command, sink, os.environ, 60) == 7
    assert all(gone(pid) for pid in family(log))


def test_a_run_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as sink, pytest.raises(TimedOutError, match="stopped after 1 s"):
        run_supervised([sys.executable, "-c", FAMILY.format(seconds=300)], sink, os.environ, 1)
    assert all(gone(pid) for pid in family(log))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_family_ends_with_its_launcher(tmp_path: Path, number: signal.Signals) -> None:
    launcher, log = launch(tmp_path)
    pids = family(log)
    launcher.send_signal(number)
    launcher.wait(15)
    assert wait_until(lambda: all(gone(pid) for pid in pids))


def test_the_family_ends_where_a_scheduler_kills_all_that_it_finds(tmp_path: Path) -> None:
    """Slurm at a time limit: SIGTERM to every process below the job's, SIGKILL soon after to those still below.

    The stubborn one's parent has ended by then, so nobody finds it but us.
    """
    launcher, log = launch(tmp_path)
    stubborn = family(log)[1]
    tree = psutil.Process(launcher.pid)
    for process in (*tree.children(recursive=True), tree):
        with suppress(psutil.NoSuchProcess):  # it ended with one before it
            process.terminate()
    assert wait_until(lambda: stubborn not in [each.pid for each in tree.children(recursive=True)], 20)
    for process in (*tree.children(recursive=True), tree):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    launcher.wait()
    assert wait_until(lambda: gone(stubborn), 5)


def test_the_family_ends_with_a_killed_snakemake(tmp_path: Path) -> None:
    """A killed Snakemake leaves its shells running: whoever is called snakemake is watched."""
    above = tmp_path / "snakemake"
    above.write_text('#!/bin/sh\n"$@" &\nwait\n')
    above.chmod(0o755)
    snakemake, log = launch(tmp_path, str(above))
    pids = family(log)
    snakemake.kill()
    snakemake.wait()
    assert wait_until(lambda: all(gone(pid) for pid in pids))


def test_an_interrupt_before_the_watchers_are_in_place_ends_the_family_too(tmp_path, monkeypatch) -> None:
    log = tmp_path / "log"

    def interrupted(*_: object) -> None:
        family(log)  # the child has started its own children
        raise KeyboardInterrupt

    monkeypatch.setattr(supervise, "_ending_when", interrupted)
    with log.open("wb") as sink, pytest.raises(KeyboardInterrupt):
        run_supervised([sys.executable, "-c", FAMILY.format(seconds=300)], sink, os.environ, 300)
    assert all(gone(pid) for pid in family(log))
