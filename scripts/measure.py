"""Measure one run: find or start its engine, which holds the device, and keep what it measured.

An engine that runs out of memory, dies or takes too long leaves a result too, with that status. One that does
not start for another reason is an error.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from itertools import chain
from pathlib import Path
from types import FrameType
from typing import Any

from batchscope.config import Environment
from batchscope.engine_pool import (
    EngineEndedError,
    EngineFailedError,
    EnginePool,
    EngineRequest,
    EngineTimeOutError,
    Limits,
    state_folder,
)
from batchscope.environments import require
from batchscope.errors import UserError, run_script
from batchscope.files import sha256_of
from batchscope.measurement import architecture, failure, publish
from batchscope.models import context_length
from batchscope.outcome import describe_exit, ran_out_of_memory
from batchscope.supervise import gone, snakemake_above


def main() -> None:
    """Parse the job, run it, write what docs/files.md lists for a run."""
    start = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, help="study/run, the run's name")
    parser.add_argument("--spec", required=True, help="JSON: all that decides the measurement")
    parser.add_argument("--environments", required=True, help="JSON: engine environment to its Python")
    parser.add_argument("--gpus", type=int, default=0, help="GPUs that the engine uses; 0 on CPU")
    parser.add_argument("--timeout", type=float, default=3600, help="seconds until the run is stopped")
    parser.add_argument("--prompts", type=Path, required=True, help="prompts.jsonl")
    parser.add_argument("--prompts-summary", type=Path, required=True, help="prompts.json")
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--log", type=Path, required=True, help="file for the engine's output")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, end_in_order)

    spec = json.loads(args.spec)
    summary = json.loads(args.prompts_summary.read_text(encoding="utf-8"))
    name = spec["engine"]["environment"]
    python = require(name, Environment(python=json.loads(args.environments)[name], device=spec["device"]))
    check_fits(args.run, spec, summary, context_length(args.model))

    load = f"{summary['prompts']:,} prompts, {summary['prompt_tokens']:,} prompt tokens"
    least, most = spec["measure"]["repeats"], spec["measure"].get("max_repeats")
    print(f"{args.run}: {load}, {least}{f' to {most}' if most else ''} repeats", flush=True)
    wanted = engine_request(spec, python, args.gpus, args.model)
    limits = Limits(args.timeout, keep=spec["measure"].get("engine_reuse", True))
    with tempfile.TemporaryDirectory(prefix="batchscope-") as scratch:
        job = {
            "spec": spec,
            "prompts": str(args.prompts.resolve()),
            "out": scratch,
            **restriction(spec, summary),
        }
        outcome = run_engine(args.run, wanted, job, args.log, limits)
        study, name = args.run.split("/")
        measurement = {
            "study": study,
            "run": name,
            "spec": spec,
            "prompts": summary,
            "architecture": architecture(args.model),
            "sweep": {"seconds": time.monotonic() - start},
            **outcome,
        }
        publish(measurement, Path(scratch), args.out)


def end_in_order(number: int, _frame: FrameType | None) -> None:
    """A cluster asks, more than once, before it kills: time to end the engine and to keep its log."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def engine_request(
    spec: dict[str, Any], python: str, gpus: int, model: Path, server: dict[str, Any] | None = None
) -> EngineRequest:
    """The engine that a run needs; the manifest's hash stands for what the model folder holds."""
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
        server=server,
    )


def check_fits(run: str, spec: dict[str, Any], prompts: dict[str, Any], context: int) -> None:
    """Refuse, before an engine is started, a prompt that it would refuse.

    Raises:
        UserError: the longest request is longer than ``max_model_len``.
    """
    longest, per_review = prompts["longest_prompt"], spec["workload"]["output_tokens_per_review"]
    needed = longest["tokens"] + longest["n"] * per_review
    limit = spec["engine"]["args"].get("max_model_len", context)
    if needed > limit:
        raise UserError(
            f"{run}: prompt {longest['id']} needs {needed} tokens with output and max_model_len is {limit}; "
            f"raise engine.args.max_model_len to {needed} or more, or lower n"
        )


def restriction(spec: dict[str, Any], prompts: dict[str, Any]) -> dict[str, list[int]]:
    """``allowed_token_ids`` of a job whose decoding is restricted to labels; else nothing.

    Raises:
        UserError: the tokenizer has no single token for a label.
    """
    if spec["workload"].get("decoding", "free") == "free":
        return {}
    for label, ids in prompts["label_token_ids"].items():
        if not ids:
            raise UserError(
                f"decoding: labels needs one token for each label, and this tokenizer splits '{label}'; "
                "set decoding: free"
            )
    return {"allowed_token_ids": sorted(chain.from_iterable(prompts["label_token_ids"].values()))}


def run_engine(
    run: str, wanted: EngineRequest, job: dict[str, Any], log: Path, limits: Limits
) -> dict[str, Any]:
    """Measure the run on its engine.

    Returns:
        ``status`` (ok, oom, died, timeout), ``message`` (unless ok, what happened), and what was measured.

    Raises:
        UserError: the engine did not start, or the workflow ended meanwhile.
    """
    pool, above = EnginePool(state_folder()), snakemake_above()
    try:
        measured = pool.measure(wanted, job, log, limits, lambda line: print(line, flush=True))
    except EngineFailedError as failed:
        if above is not None and gone(above):
            raise UserError(f"{run}: the workflow has ended, and its engines with it") from None
        outcome = failure(*judge(run, failed, log, limits), failed.log)
        print(f"{run}: kept as a result, {outcome['status']}: {outcome['message']}", flush=True)
        describe_environment(pool.environment(wanted), Path(job["out"]) / "environment.json", run, log)
        return outcome
    return {"status": "ok", "message": "", **measured}


def judge(run: str, failed: EngineFailedError, log: Path, limits: Limits) -> tuple[str, str]:
    """Status and message of a failure that is a result.

    Raises:
        UserError: the engine did not start, for another reason than memory: that is for the user to mend.
    """
    if isinstance(failed, EngineTimeOutError):
        return "timeout", f"{failed}; raise {limits.key} or shrink the run"
    cause = describe_exit(failed.status if isinstance(failed, EngineEndedError) else None, failed.log)
    if ran_out_of_memory(failed.log):
        return "oom", cause
    if isinstance(failed, EngineEndedError) and not failed.started:
        raise UserError(
            f"{run}: vLLM did not start: {cause}\n"
            f"  Correct 'engine' in the configuration, or see the log: {log}"
        )
    return "died", cause


def describe_environment(described: Path, out: Path, run: str, log: Path) -> None:
    """Where the run itself did not get to say where it ran, its engine did before it started."""
    if out.exists():
        return
    if not described.exists():
        raise UserError(f"{run}: the engine's Python did not even start; see the log: {log}")
    shutil.copyfile(described, out)


if __name__ == "__main__":
    run_script(main)
