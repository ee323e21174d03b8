"""Jobs of a cluster: profiles/slurm hands them to Slurm, docs/slurm.md tells how.

in:  what the other rules make
out: nothing of its own; after a failure, the runs that an allocation had finished before it failed
"""

import shutil
from pathlib import Path

from batchscope.jobs.cluster_allocations import Allocation, explain, kept_measurements, log_folder, restore
from batchscope.results.call_faults import take_out_broken
from batchscope.results.faults import as_text
from batchscope.workflow import snakemake_internals as internals

# Seconds of work each, or a download, which compute nodes are often cut off from.
ASSETS = ("make_dataset", "prepare_model", "make_prompts")
TABLES = ("make_tables", "score_labels", *(kind.rule for kind in REPORTS if kind.local))
internals.run_locally(workflow, [*ASSETS, *TABLES])

# The name under which a profile says how many runs may share an allocation.
internals.name_groups(workflow, [*ENGINES.values(), *SERVERS.values()], "engine")

MEASURING = {"measure": run_of, "serve": load_of}
TO_MEASURE = {}
EARLIER = {}


def note_beginning():
    """What this call is to measure (job by folder of results), and what the history has of it."""
    jobs = [job for job in internals.jobs_to_run(workflow) if job.rule.name in MEASURING]
    TO_MEASURE.update({folder_of(job): job for job in jobs})
    EARLIER.update({folder: kept_measurements(folder) for folder in TO_MEASURE})


def logs_of_call():
    """Each measurement.json that this call is about, and its run's log."""
    jobs = [job for job in internals.all_jobs(workflow) if job.rule.name in MEASURING]
    return {job.output.measurement: job.log[0] for job in jobs}


def folder_of(job):
    return Path(job.output.measurement).parent


def name_of(job):
    return MEASURING[job.rule.name](job.wildcards).id


def keep_finished():
    """Put finished runs of failed allocations back, with Snakemake's record of what they were made of."""
    open_jobs = {
        folder: job for folder, job in TO_MEASURE.items() if not internals.is_finished(workflow, job)
    }
    finished = [folder for folder in open_jobs if restore(folder, EARLIER[folder])]
    for folder in finished:
        internals.record_as_finished(workflow, open_jobs[folder])
    return finished


def measuring_jobs(job):
    """A failed job's measurements: all that shared its allocation."""
    return [each for each in internals.members(job) if each.rule.name in MEASURING]


def allocation_of(job):
    """A failed job as `explain` takes it."""
    group = job.is_group()
    wildcards = () if group else job.wildcards
    return Allocation(
        name=f"allocation {job.groupid}" if group else " ".join(("job", job.name, *wildcards)),
        logs=log_folder(internals.submission_logs(workflow), job.name, group, wildcards),
        runs={name_of(each): Path(each.log[0]) for each in measuring_jobs(job)},
    )


onstart:
    refuse_what_cannot_end_well()
    submits = internals.submits_jobs(workflow)
    if submits and shutil.which("sbatch") is None:
        raise SystemExit(
            "error: there is no sbatch on PATH: call this on a node from which jobs are submitted to Slurm (and load "
            "its module, where the site has one), or run without a cluster: snakemake --cores 1 all"
        )
    if submits:
        note_beginning()


onerror:
    if internals.is_first_parse(workflow) and (not_started := take_out_broken(logs_of_call())):
        print(as_text(not_started), file=sys.stderr)
    if internals.has_remote_executor(workflow):
        finished = keep_finished()
        for job in internals.failed_submissions(workflow):
            kept = [name_of(each) for each in measuring_jobs(job) if folder_of(each) in finished]
            print(explain(allocation_of(job), kept), file=sys.stderr)
        print("The same call goes on with what is missing.", file=sys.stderr)
