"""Engines that tests start in a project, and what is left of them."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
from support.project import Outcome, Project

OURS = (
    "scripts.measure",
    "scripts.serve",
    "batchscope.jobs.engine_guardian",
    "batchscope.worker.engine",
    "batchscope.worker.server",
    "batchscope.worker.fork_server",
    "VLLM",
)


def measurement(project: Project, run: str, kind: str = "runs") -> dict:
    return json.loads((project.results / kind / run / "measurement.json").read_text())


BUSY_MACHINE = {"client"}
"""Gates that strike a sound measurement where something else has the cores: tests run several at a time."""


def is_sound(result: dict) -> bool:
    """Whether a measurement is whole, and nothing was wrong with it but that the machine was busy."""
    return result["status"] == "ok" and {reason["code"] for reason in result["invalid"]} <= BUSY_MACHINE


def ended_well(outcome: Outcome) -> bool:
    """Whether a call ended with 0, or found fault only with measurements that a busy machine had struck."""
    _, _, faults = outcome.text.partition("\nerror: no run of study ")
    causes = set(re.findall(r"^ {4}(\w+):", faults, flags=re.MULTILINE)) - {"Remedy", "Log"}
    return outcome.status == 0 or (bool(causes) and causes <= BUSY_MACHINE)


def engine_processes(project: Project) -> list[psutil.Process]:
    """Processes of ours that still run: each was started in, or works on files of, the project's folder."""
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            inside = Path(process.cwd()).is_relative_to(project.folder)
            ours = any(word in words for word in OURS)
            if inside and ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def words_of(process: psutil.Process) -> str:
    """A process's command line; nothing where it has ended meanwhile."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def wait_until(condition, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def start(project: Project, target: str, *overlays: str) -> subprocess.Popen[str]:
    overlays = overlays or ("configs/ci.yaml",)
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", target, "--configfile", *overlays],
        cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip


def retry(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.retry_failed", *arguments],
        cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
