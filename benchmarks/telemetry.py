"""Passes with and without telemetry, and vLLM's plain generate, taking turns on one warm engine.

There is one engine, whose records are switched on and off between passes: two engines differ by more than
the records cost.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from batchscope.common.errors import run_script
from batchscope.jobs.device_lock import device_lock
from batchscope.jobs.engine_variables import engine_variables
from benchmarks.benchmark_case import Case, compare, keep, load_case, parser

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run the arms in the engine's environment, then compare them."""
    args = parser(__doc__).parse_args()
    case = load_case(args.run, args.args)
    rates = run_arms(case, args.pairs)
    ratios = [compare(rates, *arms) for arms in (("telemetry", "bare"), ("telemetry", "generate"))]
    keep(args.out, case, rates, ratios)


def run_arms(case: Case, pairs: int) -> dict[str, list[float]]:
    """Total tokens per second of each turn of each arm."""
    device = case.spec["device"]
    with tempfile.TemporaryDirectory() as folder, device_lock(device, 1) as gpus:
        job, out = Path(folder) / "job.json", Path(folder) / "rates.json"
        job.write_text(
            json.dumps(
                {
                    "spec": case.spec,
                    "model": str(case.model.resolve()),
                    "prompts": str(case.prompts.resolve()),
                    "answers": case.answers,
                    "pairs": pairs,
                    "steps": str(Path(folder) / "steps"),
                    "out": str(out),
                }
            )
        )
        subprocess.run(
            [case.python, "-m", "benchmarks.telemetry_on_and_off", str(job)],
            env=engine_variables(os.environ, str(ROOT), gpus, case.spec["engine"]["variables"]),
            check=True,
        )
        rates: dict[str, list[float]] = json.loads(out.read_text())
    return rates


if __name__ == "__main__":
    run_script(main)
