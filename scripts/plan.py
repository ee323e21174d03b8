"""Print what Snakemake would do: runs, prompts, tokens, predicted minutes, what is stale and why.

Ends with status 1 where something is wrong that would end a run, and tells all of it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from batchscope.common.errors import UserError, run_script
from batchscope.config.configuration import load_config
from batchscope.console.knowledge import MEASURING, name_of_job
from batchscope.planning.checks.registry import findings
from batchscope.planning.checks.situation import Situation
from batchscope.planning.cluster_queue import allocations, describe_queue, schedule
from batchscope.planning.described_plan import describe_plan
from batchscope.planning.load_sizes import describe_short_loads
from batchscope.planning.problems import (
    Finding,
    describe_problems,
    describe_unchecked,
    problems_of,
    unchecked_of,
)
from batchscope.planning.prompt_fit import as_fitted, describe_fit, prompt_fit
from batchscope.planning.seconds.job_seconds import JobSeconds, count_kinds, recorded_seconds
from batchscope.planning.seconds.machine_speed import measure_speed, this_machine
from batchscope.planning.shown_prompts import describe_prompts, shown_prompts
from batchscope.planning.sweep_plan import name_in_plan, plain_reason, plan_runs
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.starts import with_starts
from batchscope.workflow.snakemake_plugins.snakemake_logger_plugin_jobs import FILE_VARIABLE

ROOT = Path(__file__).resolve().parents[1]
PRODUCTS = "measure_gemm"
"""The rule that times matrix products on their own."""
PLUGINS = ROOT / "batchscope" / "workflow" / "snakemake_plugins"


def main() -> None:
    """Ask Snakemake for its jobs, then add sizes and times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the merged configuration, JSON")
    parser.add_argument("--results", type=Path, required=True, help="folder with what has been made")
    parser.add_argument("--nodes", type=int, help="nodes of a cluster: how the sweep goes through its queue")
    args = parser.parse_args()
    config = load_config(json.loads(args.config.read_text(encoding="utf-8")))

    jobs = planned_jobs(args.config)
    stale = {
        name_of_job(job["rule"], job["wildcards"]): plain_reason(job["reason"])
        for job in jobs
        if job["rule"] in MEASURING
    }
    others = count_kinds((job for job in jobs if job["rule"] not in (*MEASURING, "all")), config)
    speed = measure_speed()
    runs = [*with_starts(expand_studies(config)), *expand_serving(config)]
    wanted = [run for run in runs if name_in_plan(run) in stale]
    fit = prompt_fit(config, wanted, args.results)
    planned = as_fitted(plan_runs(config, args.results, stale, this_machine(speed)), fit)
    print(describe_plan(planned, others, JobSeconds(recorded_seconds(), speed.now), speed.now / speed.alone))
    if said := describe_fit(fit):
        print(f"\n{said}")
    sizes = {each.run.removeprefix("serving/"): each.prompts for each in planned if each.run in stale}
    if said := describe_short_loads([run for run in wanted if run.load], sizes):
        print(f"\n{said}")
    print(f"\n{describe_prompts(shown_prompts(runs, args.results))}")
    if args.nodes:
        each = max(config.gpus, 1)
        placed = schedule(allocations(planned), args.nodes, each)
        print(f"\n{describe_queue(placed, args.nodes, each)}")
    products = [job["wildcards"]["model"] for job in jobs if job["rule"] == PRODUCTS]
    situation = Situation(config, args.results, wanted, elsewhere=bool(args.nodes), products=products)
    tell_findings([*findings(situation), *fit.problems])


def tell_findings(found: Sequence[Finding]) -> None:
    """Print what was not checked, then what is wrong.

    Raises:
        UserError: something is wrong.
    """
    if unchecked := unchecked_of(found):
        print(f"\n{describe_unchecked(unchecked)}")
    if problems := problems_of(found):
        print(flush=True)
        raise UserError(describe_problems(problems))


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
