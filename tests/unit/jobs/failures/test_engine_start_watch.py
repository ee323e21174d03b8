"""A start that leads nowhere is seen, in what a real engine said and in processes that are gone."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from support.engine_log import engine_log
from support.engines import wait_until

from batchscope.common.processes import gone
from batchscope.jobs import supervise
from batchscope.jobs.failures import engine_start_watch
from batchscope.jobs.failures.engine_start_watch import StartWatch, in_vain

TITLED = "import sys, time; time.sleep(300) # VLLM::EngineCore"
HOST = f"""
import subprocess, sys, time
core = subprocess.Popen([sys.executable, "-c", {TITLED!r}])
print(core.pid, flush=True)
time.sleep(300)
"""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_start_watch, "TO_END_BY_ITSELF_S", -1.0)


@pytest.fixture
def watch(tmp_path: Path) -> StartWatch:
    (tmp_path / "log").touch()
    return StartWatch(tmp_path / "log", tmp_path / "socket")


def say(tmp_path: Path, text: str) -> None:
    with (tmp_path / "log").open("a") as log:
        log.write(text)


@pytest.mark.parametrize(
    ("name", "words"),
    [("told_to_end", "sent SIGTERM"), ("kv_cache_too_small", "failed to start"), ("quantization", "")],
)
def test_what_an_engine_says_tells_that_it_will_not_start(name: str, words: str) -> None:
    said = in_vain("\n".join(engine_log(name)))
    assert words in said if words else said == ""


def test_lines_are_read_once_and_whole(watch: StartWatch, tmp_path: Path) -> None:
    host = psutil.Process()
    assert not watch.is_hopeless(host)
    say(tmp_path, "INFO loading\n(EngineCore pid=1) INFO EngineCore: trigger rec")
    assert not watch.is_hopeless(host)
    say(tmp_path, "eived signal=SIGTERM\n")
    assert watch.is_hopeless(host)
    assert "SIGTERM" in watch.why


def test_an_engine_that_was_ready_ends_as_it_likes(watch: StartWatch, tmp_path: Path) -> None:
    (tmp_path / "socket").touch()
    assert not watch.is_hopeless(psutil.Process())
    (tmp_path / "socket").unlink()
    say(tmp_path, "EngineCore: trigger received signal=SIGTERM\n")
    assert not watch.is_hopeless(psutil.Process())


def test_a_process_of_the_engine_that_is_gone_is_missed(watch: StartWatch) -> None:
    host = subprocess.Popen([sys.executable, "-c", HOST], stdout=subprocess.PIPE, text=True)
    try:
        assert host.stdout is not None
        core = psutil.Process(int(host.stdout.readline()))
        assert not any(watch.is_hopeless(psutil.Process(host.pid)) for _ in range(2))
        core.kill()
        psutil.wait_procs([core], timeout=10)
        assert watch.is_hopeless(psutil.Process(host.pid))
        assert "killed while the engine started" in watch.why
    finally:
        host.kill()
        host.wait()


def test_what_the_engine_calls_is_not_missed_though_it_begins_as_a_copy_with_the_title(
    watch: StartWatch,
) -> None:
    calling = TITLED.replace("time.sleep(300)", "import os; time.sleep(1); os.execv('/bin/true', ['true'])")
    host = subprocess.Popen(
        [sys.executable, "-c", HOST.replace(repr(TITLED), repr(calling))], stdout=subprocess.PIPE, text=True
    )
    try:
        assert host.stdout is not None
        called = psutil.Process(int(host.stdout.readline()))
        assert not watch.is_hopeless(psutil.Process(host.pid))
        wait_until(lambda: gone(called), 30)
        assert gone(called)
        assert not any(watch.is_hopeless(psutil.Process(host.pid)) for _ in range(2))
    finally:
        host.kill()
        host.wait()


HANGS = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(300)"
TWO_WORKERS = f"""
import subprocess, sys, time
worker = [sys.executable, "-c", {HANGS!r} + " # VLLM::Worker_TP"]
pids = []
for _ in range(2):
    child = subprocess.Popen(worker, stdout=subprocess.PIPE)
    child.stdout.readline()
    pids.append(child.pid)
print(*pids, file=open(sys.argv[1], "w"), flush=True)
print("(Worker_TP1 pid=9) ERROR 11-28 [multiproc_executor.py:901] WorkerProc failed to start.", flush=True)
time.sleep(300)
"""


def test_workers_that_share_a_model_end_with_an_engine_that_hangs_while_it_dies(
    watch: StartWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are children of a child, and refuse to end; the one that failed has said so."""
    monkeypatch.setattr(supervise, "GRACE_S", 0.2)
    command = [sys.executable, "-c", TWO_WORKERS, str(tmp_path / "pids")]
    with (tmp_path / "log").open("wb") as log:
        status = supervise.run_supervised(command, log, os.environ, 60, hopeless=watch.is_hopeless)
    assert status < 0
    assert watch.why == "vLLM failed to start"
    pids = list(map(int, (tmp_path / "pids").read_text().split()))
    assert len(pids) == 2
    assert not any(psutil.pid_exists(pid) and not gone(psutil.Process(pid)) for pid in pids)
