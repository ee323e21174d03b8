"""Measure one load point: find or start its server, which holds the device, and keep what came back.

A server that dies, runs out of memory or takes too long leaves a result too, with that status. One that does
not start for another reason is an error.
"""

import argparse
import json
import signal
import tempfile
import time
from pathlib import Path

from batchscope.config import Environment
from batchscope.engine_pool import Limits
from batchscope.environments import require
from batchscope.errors import run_script
from batchscope.measurement import architecture
from batchscope.models import context_length
from batchscope.serving.files import publish
from scripts.measure import check_fits, end_in_order, engine_request, restriction, run_engine


def main() -> None:
    """Parse the job, run it, write what docs/files.md lists for a run on the server."""
    start = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, help="study/run, the run's name")
    parser.add_argument("--spec", required=True, help="JSON: all that decides the measurement")
    parser.add_argument("--environments", required=True, help="JSON: engine environment to its Python")
    parser.add_argument("--port", type=int, default=0, help="where the server listens; 0: a free port")
    parser.add_argument("--gpus", type=int, default=0, help="GPUs that the server uses; 0 on CPU")
    parser.add_argument("--timeout", type=float, default=900, help="seconds until the load is stopped")
    parser.add_argument("--prompts", type=Path, required=True, help="prompts.jsonl")
    parser.add_argument("--prompts-summary", type=Path, required=True, help="prompts.json")
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--log", type=Path, required=True, help="file for what server and client say")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, end_in_order)

    spec = json.loads(args.spec)
    summary = json.loads(args.prompts_summary.read_text(encoding="utf-8"))
    name = spec["engine"]["environment"]
    python = require(name, Environment(python=json.loads(args.environments)[name], device=spec["device"]))
    check_fits(args.run, spec, summary, context_length(args.model))

    load = f"{summary['prompts']:,} prompts, {summary['prompt_tokens']:,} prompt tokens"
    print(f"{args.run}: {load}, sent to vLLM's server", flush=True)
    wanted = engine_request(spec, python, args.gpus, args.model, server={"port": args.port or None})
    limits = Limits(args.timeout, keep=True, key="serving.load.timeout_s")
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


if __name__ == "__main__":
    run_script(main)
