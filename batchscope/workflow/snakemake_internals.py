"""What this project needs of Snakemake beyond its documented interface, all in one place.

Snakemake may change these without notice, so each function says what it is for and why nothing documented
serves. All were seen to work with Snakemake 9.27.1 (tests/unit/workflow/test_internals.py, and tests/slurm
for what only a cluster uses); after an upgrade these tests say which one to look at. ``workflow`` is
Snakemake's own object of that name.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Workflow = Any
"""``snakemake.workflow.Workflow``."""

Job = Any
"""``snakemake.jobs.Job``, or a group of them."""

SLURM_LOGS = Path(".snakemake/slurm_logs")
"""Where the Slurm executor puts logs unless ``slurm-logdir`` says otherwise."""


def is_remote(workflow: Workflow) -> bool:
    """Whether this Snakemake was started by another one, inside a job of a cluster."""
    return bool(workflow.remote_exec)


def is_on_cluster(workflow: Workflow) -> bool:
    """Whether jobs go to a cluster, seen from its login node or from inside a job.

    ``workflow.remote_exec`` alone is true only in the job; on the login node the limit on nodes tells it.
    """
    return is_remote(workflow) or workflow.resource_settings.nodes is not None


def is_first_parse(workflow: Workflow) -> bool:
    """Whether this is the process that the user started; jobs parse the Snakefile again, and warn nobody."""
    return bool(workflow.is_main_process)


def limit_resource(workflow: Workflow, name: str, most: int) -> None:
    """Limit what all jobs together may take of a resource, unless the user gave a limit.

    A limit in a profile is lost as soon as any other ``--resources`` is on the command line; this one stays.
    """
    workflow.global_resources.setdefault(name, most)


def run_locally(workflow: Workflow, rules: Iterable[str]) -> None:
    """Have rules run where Snakemake was started; the directive ``localrules:`` takes no list of names."""
    workflow.localrules(*rules)


def name_groups(workflow: Workflow, groups: Iterable[str], name: str) -> None:
    """Let ``--group-components NAME=N`` speak of all these groups, whose own names nobody knows before."""
    workflow.parent_groupids.update(dict.fromkeys(groups, name))


def keep_group_together(workflow: Workflow, name: str, jobs: int) -> None:
    """In an allocation: run up to ``jobs`` jobs of a group in one Snakemake, and let none stop another.

    Snakemake passes neither ``--group-components`` nor ``--keep-going`` on to the Snakemake in an allocation.
    The settings are there only after the Snakefile was read, so a job's input has to call this.
    """
    if is_remote(workflow):
        workflow.execution_settings.keep_going = True
        workflow.group_settings.group_components = {name: jobs}


def has_remote_executor(workflow: Workflow) -> bool:
    """Whether jobs that are not local go elsewhere from here, to a cluster."""
    return bool(workflow.non_local_exec)


def submits_jobs(workflow: Workflow) -> bool:
    """Whether this call hands jobs to a cluster; known once the jobs to run are."""
    return has_remote_executor(workflow) and any(not job.is_local for job in jobs_to_run(workflow))


def jobs_to_run(workflow: Workflow) -> list[Job]:
    """The jobs that this call will run; handlers such as ``onstart:`` get no list."""
    return list(workflow.dag.needrun_jobs())


def all_jobs(workflow: Workflow) -> list[Job]:
    """The jobs that this call looked at, those that are up to date included; handlers get no list."""
    return list(workflow.dag.jobs)


def failed_submissions(workflow: Workflow) -> list[Job]:
    """Jobs and groups of jobs that the cluster ended without success; ``onerror:`` gets only a log file."""
    if not has_remote_executor(workflow):
        return []
    return [job for job in workflow.scheduler.failed if not job.is_local]


def is_finished(workflow: Workflow, job: Job) -> bool:
    """Whether a job has ended well in this call."""
    return bool(workflow.dag.finished(job))


def record_as_finished(workflow: Workflow, job: Job) -> None:
    """Note with what a job's files were made, as Snakemake does after a job of its own.

    For files that were put back after Snakemake had removed them: without the record the next call could not
    tell whether they are up to date.
    """
    workflow.async_run(workflow.persistence.finished(job))


def submission_logs(workflow: Workflow) -> Path:
    """The folder in which the executor keeps the logs of what it submitted."""
    return Path(getattr(workflow.executor_settings, "logdir", None) or SLURM_LOGS)


def members(job: Job) -> list[Job]:
    """The jobs of a group; of a job that is in none, itself."""
    return list(job.jobs) if job.is_group() else [job]


def wildcards_of(job: Job) -> Mapping[str, str]:
    """A job's wildcards by name."""
    return dict(job.wildcards.items())
