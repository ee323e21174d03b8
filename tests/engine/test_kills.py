"""Twenty kills at random moments: nothing of ours is left, nothing finished is lost, and a rerun goes on."""

import os
import random
import re
import shutil
import signal
import time
from contextlib import suppress

import psutil
import pytest
from support.engines import engine_processes, measurement, retry, start, wait_until, words_of
from support.project import Project

from batchscope.jobs.device_lock import device_is_free
from batchscope.jobs.forking.engine_copy import SHARED

pytestmark = pytest.mark.engine

VICTIMS = (
    "scripts.measure",
    "batchscope.jobs.engine_guardian",
    "batchscope.worker.fork_server",
    "batchscope.worker.engine",
    "VLLM::EngineCore",
)
RUNS = ("packing/packed-n4", "packing/separate-n4", "saturation/packed-n8")


def kill_one(project: Project, snakemake_pid: int, rng: random.Random) -> str:
    """Kill Snakemake, the job, the guardian, the host or vLLM's own process: one of those that are there."""
    there = {
        victim: process
        for process in engine_processes(project)
        for victim in VICTIMS
        if victim in words_of(process)
    }
    choice = rng.choice(("Ctrl-C", "Snakemake TERM", "Snakemake KILL", *there))
    if choice == "Ctrl-C":
        os.killpg(snakemake_pid, signal.SIGINT)
    elif choice.startswith("Snakemake"):
        os.kill(snakemake_pid, signal.SIGTERM if choice.endswith("TERM") else signal.SIGKILL)
    else:
        with suppress(psutil.NoSuchProcess):  # it may have ended since
            there[choice].kill()
    return choice


def interrupted_early(choice: str, text: str) -> bool:
    """Whether Ctrl-C came before there was a job: what Python prints while it starts is its own."""
    return choice == "Ctrl-C" and not re.search(r"^\d+ (run|step)s?\b", text, re.MULTILINE)


def finished(project: Project) -> set[str]:
    history = project.results / "history"
    return {str(path.relative_to(history)) for path in history.rglob("measurement.json")}


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_twenty_kills(prepared: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """In every fourth call vLLM is imported again, which takes most of the time to be killed in."""
    rng, shared = random.Random(20), os.environ[SHARED]
    kept: set[str] = set()
    for attempt in range(20):
        run = RUNS[attempt % len(RUNS)]
        shutil.rmtree(prepared.results / "runs" / run, ignore_errors=True)  # to be measured again
        by_itself = attempt % 4 == 0
        monkeypatch.setenv(SHARED, "" if by_itself else shared)
        snakemake = start(prepared, f"results/runs/{run}/measurement.json")
        time.sleep(rng.uniform(0.5, 12 if by_itself else 6))
        choice = kill_one(prepared, snakemake.pid, rng)
        text, _ = snakemake.communicate(timeout=180)
        what = f"attempt {attempt}, {choice}:\n{text}"
        assert wait_until(lambda: not engine_processes(prepared), 10), what
        assert wait_until(lambda: device_is_free("cpu", 1), 60), what  # another workflow may have it
        assert "Traceback" not in text or interrupted_early(choice, text), what
        assert kept <= finished(prepared), what
        kept = finished(prepared)
        if choice == "Snakemake KILL":  # killed outright, it leaves its lock
            assert prepared.snakemake("--unlock").status == 0
    last = prepared.snakemake("results/tables/runs.csv")
    assert last.status == 0, last.text
    retried = retry(
        prepared, "--until", "make_tables"
    )  # an engine killed in the middle of a run has left a result that says so
    assert retried.returncode == 0, retried.stdout
    for run in RUNS:
        assert measurement(prepared, run)["status"] == "ok"
    assert kept <= finished(prepared)
    assert wait_until(lambda: not engine_processes(prepared), 10)
    assert not [child for child in psutil.Process().children(recursive=True) if "VLLM" in child.name()]
