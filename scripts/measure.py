"""Measure one run: find or start its engine, which holds the device, and keep what it measured.

Running out of memory is a result (status oom). Anything else that goes wrong is an error, and an earlier
result stays where it is.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from batchscope.config import Environment
from batchscope.engine.schema import REQUESTS
from batchscope.engine_pool import EngineEndedError, EnginePool, EngineRequest, EngineTimeOutError, Limits
from batchscope.environments import require
from batchscope.errors import UserError, run_script
from batchscope.files import replacing, sha256_of
from batchscope.models import context_length
from batchscope.outcome import describe_exit, ran_out_of_memory

ROOT = Path(__file__).resolve().parents[1]
STATE = Path(".snakemake") / "batchscope"
"""Where engines of this workflow are found; Snakemake keeps its own state beside it."""

SCHEMA_VERSION = 1


def main() -> None:
    """Parse the job, run it, write measurement.json, requests.parquet and environment.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, help="study/run, the run's name")
    parser.add_argument("--spec", required=True, help="JSON: all that decides the measurement")
    parser.add_argument("--environments", required=True, help="JSON: engine environment to its Python")
    parser.add_argument("--gpus", type=int, default=0, help="GPUs that the engine uses; 0 on CPU")
    parser.add_argument("--timeout", type=float, default=3600, help="seconds until the run is stopped")
    parser.add_argument("--prompts", type=Path, required=True, help="prompts.jsonl")
    parser.add_argument("--prompts-summary", type=Path, required=True, help="prompts.json")
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for the three results")
    parser.add_argument("--log", type=Path, required=True, help="file for the engine's output")
    args = parser.parse_args()

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
        job = {"spec": spec, "prompts": str(args.prompts.resolve()), "out": scratch}
        outcome = run_engine(args.run, wanted, job, args.log, limits)
        publish(args.run, spec, summary, outcome, Path(scratch), args.out)


def engine_request(spec: dict[str, Any], python: str, gpus: int, model: Path) -> EngineRequest:
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


def run_engine(
    run: str, wanted: EngineRequest, job: dict[str, Any], log: Path, limits: Limits
) -> dict[str, Any]:
    """Measure the run on its engine.

    Returns:
        ``status`` (ok or oom), ``message`` (unless ok, what happened), and what was measured.

    Raises:
        UserError: the engine failed in another way; the message names the cause and the log.
    """
    try:
        measured = EnginePool(STATE).measure(wanted, job, log, limits, lambda line: print(line, flush=True))
    except EngineTimeOutError as error:
        raise UserError(f"{run}: {error}; raise measure.timeout_s or shrink the run. Log: {log}") from None
    except EngineEndedError as ended:
        cause = describe_exit(ended.status, ended.log)
        if not ran_out_of_memory(ended.log):
            raise UserError(
                f"{run}: vLLM failed: {cause}\n  Correct 'engine' in the configuration, or see the log: {log}"
            ) from None
        print(f"{run}: out of memory, kept as a result: {cause}", flush=True)
        described = Path(job["out"]) / "environment.json"
        if not described.exists():  # the engine did not even start
            shutil.copyfile(STATE / "environment" / "environment.json", described)
        return {"status": "oom", "message": cause, "warmup": [], "repeats": [], "invalid": []}
    return {"status": "ok", "message": "", **measured}


def publish(
    run: str,
    spec: dict[str, Any],
    prompts: dict[str, Any],
    outcome: dict[str, Any],
    scratch: Path,
    out: Path,
) -> None:
    """Write the run's results, measurement.json last, so that a reader never sees half of them.

    ``out`` is ``results/runs/{study}/{run}``; a copy goes to ``results/history/{study}/{run}/{time}``.
    """
    study, name = run.split("/")
    described = scratch / "environment.json"
    environment = json.loads(described.read_text())
    head = {"schema": SCHEMA_VERSION, "study": study, "run": name}
    measurement = {**head, "spec": spec, "prompts": prompts, **outcome}
    rows = scratch / "requests.parquet"
    if outcome["status"] != "ok":
        pq.write_table(REQUESTS.empty_table(), rows)
    described.write_text(json.dumps({**environment, "git_commit": git_commit()}, indent=1) + "\n")
    (scratch / "measurement.json").write_text(json.dumps(measurement, indent=1) + "\n")
    # Snakemake removes a result before it makes it anew: the history keeps what a failed rerun would lose.
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    for folder in (out.parents[2] / "history" / study / name / stamp, out):
        for file in ("requests.parquet", "environment.json", "measurement.json"):
            with replacing(folder / file) as path:
                shutil.copyfile(scratch / file, path)


def git_commit() -> str | None:
    """The commit of this checkout, with ``-dirty`` where tracked files differ from it."""
    described = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or None


if __name__ == "__main__":
    run_script(main)
