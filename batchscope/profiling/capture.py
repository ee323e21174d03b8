"""What every profiler's capture has in common: its job, its process, and its failures."""

import errno
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from batchscope.common.errors import UserError
from batchscope.common.visible_gpus import Visible
from batchscope.jobs.engine_variables import engine_variables
from batchscope.jobs.environments import variables_for
from batchscope.jobs.failures.engine_exit_reason import describe_exit
from batchscope.jobs.supervise import TimedOutError, run_supervised

ROOT = Path(__file__).resolve().parents[2]

DISK_FULL = os.strerror(errno.ENOSPC)


@dataclass(frozen=True)
class CaptureJob:
    """One engine, its requests, and which of its steps to look into."""

    python: str
    """path of the engine environment's Python"""
    device: str
    """cpu or cuda"""
    gpus: list[Visible]
    """those held; none on CPU"""
    model: str
    """folder"""
    asset: dict[str, Any]
    """``load_format`` and ``trust_remote_code``"""
    args: dict[str, Any]
    """engine arguments, as measured"""
    variables: dict[str, str]
    """environment variables that the configuration asks for"""
    prompts: str
    """prompts.jsonl"""
    answers: dict[str, Any]
    """how long answers may be, and what they may say, as `AskedAnswers.as_json` has it"""
    steps: int
    """engine steps to capture"""
    out: Path
    """folder for what the profiler writes; it is there"""
    log: Path
    """file for the engine's output"""
    timeout_s: float
    skip: int = 0
    """engine steps of the pass before the captured ones"""
    warmup_tokens: int = 16384
    """prompt tokens submitted before, discarded"""
    cached_tokens: int | None = 0
    """prompt tokens of one pass that the prefix cache must serve, in theory; None: it is silent"""


def write_order(job: CaptureJob, profiler: str) -> Path:
    """Write the job to a file for ``python -m batchscope.worker.profiling``, and return its path."""
    path = job.out / "order.json"
    order = {
        **asdict(job),
        "out": str(job.out.resolve()),
        "log": str(job.log.resolve()),
        "profiler": profiler,
    }
    path.write_text(json.dumps(order, indent=1) + "\n", encoding="utf-8")
    return path


def engine_environment(job: CaptureJob) -> dict[str, str]:
    """Environment variables of the engine's process, those of the caller included."""
    return engine_variables(variables_for(job.device, job.python), str(ROOT), job.gpus, job.variables)


def run_capture(command: Sequence[str], job: CaptureJob, env: Mapping[str, str]) -> None:
    """Run a capture's command; all of its processes have ended when this returns.

    Raises:
        UserError: it failed, found the disk full, or took longer than ``job.timeout_s``.
    """
    job.log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with job.log.open("wb") as log:
            status = run_supervised(command, log, env, job.timeout_s)
    except TimedOutError as late:
        raise UserError(
            f"the capture was {late}; raise profile.timeout_s, or look for the cause in the log: {job.log}"
        ) from None
    said = job.log.read_text(encoding="utf-8", errors="replace").splitlines()
    # vLLM goes on when its profiler could not write, and only its log says so.
    if any(DISK_FULL in line for line in said):
        raise UserError(f"the capture is not whole: no space left for {job.out}\n  See the log: {job.log}")
    if status:
        raise UserError(f"the capture failed: {describe_exit(status, said)}\n  See the log: {job.log}")
