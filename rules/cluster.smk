"""Jobs of a cluster: profiles/slurm hands them to Slurm, docs/slurm.md tells how.

in:  what the other rules make
out: nothing of its own; after a failure, the runs that an allocation had finished before it failed
"""

import shutil
from pathlib import Path

from batchscope.cluster import Allocation, explain, kept_measurements, log_folder, restore

# Seconds of work each, or a download, which compute nodes are often cut off from.
ASSETS = ("make_dataset", "prepare_model", "make_prompts")
PAGES = ("make_tables", "score_labels", "plot_study", "report_labels", "report_cost", "report_profiles")
PAGES += ("report_memory", "report_serving")
workflow.localrules(*ASSETS, *PAGES)

# The name under which a profile says how many runs may share an allocation.
workflow.parent_groupids.update(dict.fromkeys(ENGINES.values(), "engine"))

TO_MEASURE = {}
EARLIER = {}


def note_beginning():
    """What this call is to measure (the job of each run, as study/run), and what the history has of it."""
    jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name == "measure"]
    TO_MEASURE.update({run_of(job.wildcards).id: job for job in jobs})
    EARLIER.update({run: kept_measurements(results_of(job), run) for run, job in TO_MEASURE.items()})


def results_of(job):
    return Path(job.output.measurement).parents[3]


def keep_finished():
    """Put finished runs of failed allocations back, with Snakemake's record of what they were made of."""
    open_jobs = {run: job for run, job in TO_MEASURE.items() if not workflow.dag.finished(job)}
    finished = [run for run, job in open_jobs.items() if restore(results_of(job), run, EARLIER[run])]
    for run in finished:
        workflow.async_run(workflow.persistence.finished(open_jobs[run]))
    return finished


def allocation_of(job):
    """A failed job as `explain` takes it."""
    group, jobs = job.is_group(), list(job.jobs) if job.is_group() else [job]
    wildcards = () if group else job.wildcards
    logs = Path(getattr(workflow.executor_settings, "logdir", None) or ".snakemake/slurm_logs")
    return Allocation(
        name=f"allocation {job.groupid}" if group else " ".join(("job", job.name, *wildcards)),
        logs=log_folder(logs, job.name, group, wildcards),
        runs={run_of(each.wildcards).id: Path(each.log[0]) for each in jobs if each.rule.name == "measure"},
    )


onstart:
    submits = workflow.non_local_exec and any(not job.is_local for job in workflow.dag.needrun_jobs())
    if submits and shutil.which("sbatch") is None:
        raise SystemExit(
            "error: there is no sbatch on PATH: call this on a node from which jobs are submitted to Slurm (and load "
            "its module, where the site has one), or run without a cluster: snakemake --cores 1 all"
        )
    if submits:
        note_beginning()


onerror:
    if workflow.non_local_exec:
        finished = keep_finished()
        for job in workflow.scheduler.failed:
            if not job.is_local:
                print(explain(allocation_of(job), finished), file=sys.stderr)
        print("The same call goes on with what is missing.", file=sys.stderr)
