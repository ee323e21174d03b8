"""Print what Snakemake would do: runs, prompts, tokens, predicted minutes, what is stale and why."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from batchscope.common.errors import UserError, run_script
from batchscope.config.configuration import load_config
from batchscope.console.knowledge import MEASURING, name_of_job
from batchscope.planning.cluster_queue import allocations, describe_queue, schedule
from batchscope.planning.shown_prompts import describe_prompts, shown_prompts
from batchscope.planning.sweep_plan import describe_plan, plain_reason, plan_runs
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.workflow.snakemake_plugins.snakemake_logger_plugin_jobs import FILE_VARIABLE

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = ROOT / "batchscope" / "workflow" / "snakemake_plugins"


def main() -> None:
    """Ask Snakemake for its jobs, then add sizes and times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the merged configuration, JSON")
    parser.add_argument("--nodes", type=int, help="nodes of a cluster: how the sweep goes through its queue")
    args = parser.parse_args()
    config = load_config(json.loads(args.config.read_text(encoding="utf-8")))

    jobs = planned_jobs(args.config)
    stale = {
        name_of_job(job["rule"], job["wildcards"]): plain_reason(job["reason"])
        for job in jobs
        if job["rule"] in MEASURING
    }
    others = Counter(job["rule"] for job in jobs if job["rule"] not in (*MEASURING, "all"))
    planned = plan_runs(config, args.config.parent, stale)
    print(describe_plan(planned, others))
    runs = [*expand_studies(config), *expand_serving(config)]
    print(f"\n{describe_prompts(shown_prompts(runs, args.config.parent))}")
    if args.nodes:
        gpus = max(config.gpus, 1)
        placed = schedule(allocations(planned), args.nodes, gpus)
        print(f"\n{describe_queue(placed, args.nodes, gpus)}")


def planned_jobs(config: Path) -> list[dict[str, Any]]:
    """Snakemake's own dry run; the jobs it would execute, each with its reason.

    Raises:
        UserError: the dry run fails; its message is passed on.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "jobs.jsonl"
        file.touch()
        path = os.pathsep.join(filter(None, (str(PLUGINS), os.environ.get("PYTHONPATH"))))
        dry_run = subprocess.run(
            [sys.executable, "-m", "snakemake", "all", "--dry-run", "--nolock",
             "--snakefile", str(ROOT / "Snakefile"), "--configfile", str(config), "--logger", "jobs"],
            env={**os.environ, "PYTHONPATH": path, FILE_VARIABLE: str(file)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if dry_run.returncode:
            raise UserError(
                f"snakemake --dry-run failed:\n{dry_run.stderr.strip() or dry_run.stdout.strip()}"
            )
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    run_script(main)
