"""One engine for all runs of a study against one for each: throughput, engine starts, wall time.

Calls Snakemake for the runs, with engine_reuse off and on in turn. The last turn has it on, so that
the results that stay are the usual ones. Options after ``--`` go to Snakemake, such as
``-- --configfile mine.yaml``.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from batchscope.common.atomic_files import write_text
from batchscope.common.errors import UserError, run_script
from batchscope.statistics.intervals import paired_ratio

RUNS = Path("results") / "runs"


def main() -> None:
    """Measure the runs both ways, print and write how the two differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", help="study/run, all with one engine configuration")
    parser.add_argument("--rounds", type=int, default=1, help="turns of each way")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args, others = parser.parse_args(sys.argv[1:split]), sys.argv[split + 1 :]
    snakemake(["prepare"], [], others)
    turns: list[dict[str, Any]] = []
    for reuse in (False, True) * args.rounds:
        turns.append(measure(args.runs, reuse, others))
        keep(args.out, turns, {})  # a turn takes long, and the next one may be cut off
    figures = summarise(turns)
    print(json.dumps(figures, indent=1))
    keep(args.out, turns, figures)


def keep(out: Path, turns: list[dict[str, Any]], figures: dict[str, Any]) -> None:
    """Write the turns so far, and the figures."""
    write_text(out, json.dumps({"turns": turns, **figures}, indent=1) + "\n")


def snakemake(options: list[str], runs: list[str], others: list[str]) -> None:
    """Call Snakemake for the runs, with further options."""
    targets = [str(RUNS / run / "measurement.json") for run in runs]
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *targets, *options, *others]
    if subprocess.run(command, check=False, stdout=sys.stderr, stderr=sys.stderr).returncode:
        raise UserError("snakemake failed, see above")


def measure(runs: list[str], reuse: bool, others: list[str]) -> dict[str, Any]:
    """One turn: wall seconds of the call, and each run's rates and engine."""
    start = time.perf_counter()
    snakemake(["--force", "--config", f"measure={{engine_reuse: {str(reuse).lower()}}}"], runs, others)
    wall = time.perf_counter() - start
    found = {run: json.loads((RUNS / run / "measurement.json").read_text()) for run in runs}
    if wrong := [run for run, result in found.items() if result["status"] != "ok" or result["invalid"]]:
        raise UserError(f"not valid: {', '.join(wrong)}")
    repeats = {run: result["repeats"] for run, result in found.items()}
    return {
        "engine_reuse": reuse,
        "wall_s": wall,
        "timed_s": sum(repeat["seconds"] for each in repeats.values() for repeat in each),
        "starts": sum(not result["engine"]["reused"] for result in found.values()),
        "rates": {run: [rate(repeat) for repeat in each] for run, each in repeats.items()},
    }


def wall(turns: list[dict[str, Any]]) -> float:
    """Seconds of all turns."""
    return float(sum(turn["wall_s"] for turn in turns))


def rate(repeat: dict[str, Any]) -> float:
    """Total tokens per second."""
    return float((repeat["prompt_tokens"] + repeat["output_tokens"]) / repeat["seconds"])


def summarise(turns: list[dict[str, Any]]) -> dict[str, Any]:
    """Rates with a shared engine over rates with one engine each, and how starts and wall time differ."""
    pairs = [
        (run, median(shared["rates"][run]), median(alone["rates"][run]))
        for alone, shared in zip(turns[::2], turns[1::2], strict=True)
        for run in alone["rates"]
    ]
    interval = paired_ratio([mine for _, mine, _ in pairs], [base for _, _, base in pairs])
    return {
        "rate_ratio": {"low": interval.low, "middle": interval.middle, "high": interval.high},
        "rate_ratio_by_run": [(run, mine / base) for run, mine, base in pairs],
        "wall_ratio": wall(turns[::2]) / wall(turns[1::2]),
        "starts": {"alone": turns[0]["starts"], "shared": turns[1]["starts"]},
        "sweep_efficiency": {
            "alone": median(turn["timed_s"] / turn["wall_s"] for turn in turns[::2]),
            "shared": median(turn["timed_s"] / turn["wall_s"] for turn in turns[1::2]),
        },
    }


if __name__ == "__main__":
    run_script(main)
