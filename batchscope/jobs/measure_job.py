"""Measures a job on its engine: what it asks the engine for, what it keeps, and what a failure becomes."""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from batchscope.common.atomic_files import sha256_of, write_text
from batchscope.common.errors import UserError
from batchscope.common.processes import gone
from batchscope.jobs.engine_pool import EnginePool, EngineRequest, Limits
from batchscope.jobs.engine_start import EngineEndedError, EngineFailedError, EngineTimeOutError
from batchscope.jobs.failures.engine_exit_reason import describe_exit, ran_out_of_memory, root_cause
from batchscope.jobs.failures.refusals import says_no
from batchscope.jobs.inherited_variables import inherited_variables
from batchscope.jobs.job_arguments import Job, check_asked, check_texts
from batchscope.jobs.measurement_files import Kind, architecture, failure, no_engine, publish
from batchscope.jobs.state_folder import state_folder
from batchscope.jobs.supervise import snakemake_above


def measure_job(
    job: Job, kind: Kind, limits: Limits, started: float, server: dict[str, Any] | None = None
) -> None:
    """Measure a run on its engine, and write what docs/files.md lists for its kind.

    Args:
        job: The run.
        kind: A run on an offline engine, or one on a server.
        limits: How long, and whether the engine stays for the next run.
        started: When this job began, by ``time.monotonic``.
        server: What a server is started with; None for an offline engine.

    Raises:
        UserError: the engine did not start, the workflow ended meanwhile, or the prompts are not those that
            prompts.json speaks of.
    """
    signal.signal(signal.SIGTERM, _end_in_order)
    check_asked(job)
    pool = EnginePool(state_folder())
    wanted = engine_request(job.spec, job.python, job.gpus, job.model, server)
    with tempfile.TemporaryDirectory(prefix="batchscope-") as scratch:
        asked = {
            "spec": job.spec,
            "prompts": str(job.prompts.resolve()),
            "out": scratch,
            "answers": job.answers.as_json(),
            **({} if server is None else texts_of(job)),
        }
        outcome = left_out(job, Path(scratch)) or run_engine(pool, job, wanted, asked, limits)
        seconds = time.monotonic() - started - pool.waited_s
        measurement = {
            **job.identity,
            "spec": job.spec,
            "prompts": job.summary,
            "answers": job.answers.summary(),
            "architecture": architecture(job.model),
            "sweep": {"seconds": seconds, "waited_s": pool.waited_s},
            **outcome,
        }
        publish(measurement, kind, Path(scratch), job.out, wanted.inherited)


def left_out(job: Job, scratch: Path) -> dict[str, Any] | None:
    """What is kept of a run that cannot be, for which no engine is asked; None where it can."""
    if job.unfit is None:
        return None
    print(f"{job.run}: left out: {job.unfit}", flush=True)
    write_text(scratch / "environment.json", json.dumps(no_engine(job.spec)))
    return failure("unfit", job.unfit, [])


def texts_of(job: Job) -> dict[str, Any]:
    """What a server gets of a job beside its token ids: its prompts as text.

    Raises:
        UserError: they cannot be those of its prompts.
    """
    texts = job.prompts.with_name("texts.jsonl")
    check_texts(job, texts)
    return {
        "texts": str(texts.resolve()),
        "adds_special_tokens": job.summary["adds_special_tokens"],
    }


def _end_in_order(number: int, _frame: FrameType | None) -> None:
    """On SIGTERM, exit by an exception, so that the engine ends and its log is kept; ignore further ones.

    A cluster sends the signal more than once before it kills.
    """
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def engine_request(
    spec: dict[str, Any], python: str, gpus: int, model: Path, server: dict[str, Any] | None = None
) -> EngineRequest:
    """The engine that a run needs. The manifest's hash stands for the content of the model's folder."""
    engine = spec["engine"]
    return EngineRequest(
        python=python,
        device=spec["device"],
        gpus=gpus,
        model=str(model.resolve()),
        model_sha256=sha256_of(model / "manifest.json"),
        asset=spec["model"],
        args=engine["args"],
        variables=engine["variables"],
        telemetry=spec["measure"].get("telemetry", True),
        inherited=inherited_variables(os.environ, engine["variables"]),
        start=spec.get("start", 1),
        server=server,
    )


def run_engine(
    pool: EnginePool, job: Job, wanted: EngineRequest, asked: dict[str, Any], limits: Limits
) -> dict[str, Any]:
    """Have the run measured.

    Returns:
        ``status`` (ok, oom, died, timeout, refused, broke), ``message`` (unless ok, what happened), and what
        was measured.

    Raises:
        UserError: the engine did not start, or the workflow ended meanwhile.
    """
    above = snakemake_above()
    try:
        tell = partial(_tell, job.run)
        measured = pool.measure(wanted, asked, job.log, limits, tell)
    except EngineFailedError as failed:
        if above is not None and gone(above):
            raise UserError(f"{job.run}: the workflow has ended, and its engines with it") from None
        outcome = failure(*status_of_failure(job, failed, limits), failed.log)
        print(f"{job.run}: {in_words(outcome, failed)}", flush=True)
        describe_environment(job, pool.environment(wanted), Path(asked["out"]) / "environment.json")
        return outcome
    engine = {**measured["engine"], "start_id": pool.start_ids[wanted.key]}
    return {"status": "ok", "message": "", **measured, "engine": engine}


def _tell(run: str, line: str) -> None:
    """Print a line of progress; the run's name tells the console whose it is."""
    print(f"{run}: {line}", flush=True)


def in_words(outcome: dict[str, Any], failed: EngineFailedError) -> str:
    """How a run ended that was not measured; what another run was told before is not told again."""
    if failed.before:
        return f"{outcome['status']}: its engine did not start for an earlier run, and is not started again"
    why = "the call's end tells why" if outcome["status"] in ("refused", "broke") else outcome["message"]
    return f"{outcome['status']}: {why}"


def status_of_failure(job: Job, failed: EngineFailedError, limits: Limits) -> tuple[str, str]:
    """Status and message of a failure.

    An engine that did not start has run out of memory, or says no to its configuration, or broke.

    Raises:
        UserError: the engine was ended while it started: another try may end otherwise.
    """
    if isinstance(failed, EngineTimeOutError):
        return "timeout", f"{failed}; raise {limits.key} or shrink the run"
    cause = describe_exit(failed.status if isinstance(failed, EngineEndedError) else None, failed.log)
    if ran_out_of_memory(failed.log):
        return "oom", cause
    if failed.started:
        return "died", cause
    if root_cause(failed.log):
        return "refused" if says_no(failed.log) else "broke", cause
    raise UserError(f"{job.run}: vLLM did not start: {cause}\n  The same call tries again. Log: {job.log}")


def describe_environment(job: Job, described: Path, out: Path) -> None:
    """Copy the engine's environment.json to ``out`` where the run ended before it wrote its own.

    Raises:
        UserError: there is none either: the engine's Python did not start.
    """
    if out.exists():
        return
    if not described.exists():
        raise UserError(f"{job.run}: the engine's Python did not even start; see the log: {job.log}")
    shutil.copyfile(described, out)
