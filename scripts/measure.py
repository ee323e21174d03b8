"""Measure one run: hold the device, start the engine in its own environment, keep what it measured.

Running out of memory is a result (status oom). Anything else that goes wrong is an error, and an earlier
result stays where it is.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from batchscope.config import Environment
from batchscope.engine.schema import REQUESTS
from batchscope.engine.variables import engine_variables
from batchscope.environments import require
from batchscope.errors import UserError, run_script
from batchscope.files import replacing
from batchscope.models import context_length
from batchscope.outcome import describe_exit, ran_out_of_memory
from batchscope.supervise import TimedOutError, device_lock, run_supervised

ROOT = Path(__file__).resolve().parents[1]
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
    print(f"{args.run}: {load}, {spec['measure']['repeats']} repeats", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="batchscope-") as scratch,
        device_lock(spec["device"], max(args.gpus, 1)) as gpus,
    ):
        out = Path(scratch)
        job = {"spec": spec, "model": str(args.model), "prompts": str(args.prompts), "out": scratch}
        status, message = run_engine(python, job, gpus, args.log, args.timeout, args.run)
        publish(args.run, spec, summary, status, message, out, args.out)


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
    python: str, job: dict[str, Any], gpus: list[str], log: Path, timeout_s: float, run: str
) -> tuple[str, str]:
    """Run the engine process.

    Returns:
        The status (ok or oom) and, unless ok, what happened.

    Raises:
        UserError: the engine failed in another way; the message names the cause and the log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    variables = engine_variables(os.environ, str(ROOT), gpus, job["spec"]["engine"]["variables"])
    progress = os.dup(2)
    job_file = Path(job["out"]) / "job.json"
    job_file.write_text(json.dumps({**job, "progress": progress}))
    with log.open("wb") as sink:
        try:
            status = run_supervised(
                [python, "-m", "batchscope.engine", str(job_file)],
                sink,
                variables,
                timeout_s,
                pass_fds=(progress,),
            )
        except TimedOutError as error:
            raise UserError(
                f"{run}: {error}; raise measure.timeout_s or shrink the run. Log: {log}"
            ) from None
        finally:
            os.close(progress)
    if status == 0:
        return "ok", ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    cause = describe_exit(status, lines)
    if ran_out_of_memory(lines):
        print(f"{run}: out of memory, kept as a result: {cause}", flush=True)
        return "oom", cause
    raise UserError(
        f"{run}: vLLM failed: {cause}\n  Correct 'engine' in the configuration, or see the log: {log}"
    )


def publish(
    run: str,
    spec: dict[str, Any],
    prompts: dict[str, Any],
    status: str,
    message: str,
    scratch: Path,
    out: Path,
) -> None:
    """Write the run's results, measurement.json last, so that a reader never sees half of them.

    ``out`` is ``results/runs/{study}/{run}``; a copy goes to ``results/history/{study}/{run}/{time}``.
    """
    study, name = run.split("/")
    result = scratch / "result.json"
    measured = (
        json.loads(result.read_text()) if status == "ok" else {"warmup": [], "repeats": [], "invalid": []}
    )
    described = scratch / "environment.json"
    environment = json.loads(described.read_text())
    measurement = {
        "schema": SCHEMA_VERSION,
        "study": study,
        "run": name,
        "status": status,
        "message": message,
        "spec": spec,
        "prompts": prompts,
        **measured,
    }
    rows = scratch / "requests.parquet"
    if status != "ok":
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
