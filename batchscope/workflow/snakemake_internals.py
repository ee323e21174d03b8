"""What this project needs of Snakemake beyond its documented interface, all in one place.

Snakemake may change these without notice, so each function says what it is for and why nothing documented
serves. All were seen to work with Snakemake 9.27.1 (tests/unit/workflow/test_snakemake_internals.py; for what
only a cluster uses, tests/slurm; for failed jobs, tests/workflow/test_failed_steps.py; for what messages say,
tests/workflow/test_console.py). After an upgrade these tests say which one to look at. ``workflow`` is
Snakemake's own object of that name.
"""

import logging
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
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


def only_touches(workflow: Workflow) -> bool:
    """Whether this call runs no job (``--touch``); handlers such as ``onstart:`` are called all the same."""
    return bool(workflow.touch)


def is_first_parse(workflow: Workflow) -> bool:
    """Whether this is the process that the user started; jobs parse the Snakefile again, and warn nobody."""
    return bool(workflow.is_main_process)


def configuration_parts(workflow: Workflow, first: str) -> tuple[list[Path], Mapping[str, Any]]:
    """The files of the configuration, each over those before it, and what ``--config`` lays over all.

    Afterwards all is merged into one mapping. ``first``: the file that the Snakefile is about to name.
    """
    settings = workflow.config_settings
    return [Path(first), *map(Path, settings.configfiles)], dict(settings.config or {})


def limit_resource(workflow: Workflow, name: str, most: int) -> None:
    """Limit what all jobs together may take of a resource, unless the user gave a limit.

    A limit in a profile is lost as soon as any other ``--resources`` is on the command line; this one stays.
    """
    workflow.global_resources.setdefault(name, most)


def keep_earlier_results() -> None:
    """Let a failed job leave earlier results, marked ``update(...)``, and the record of them as they were.

    Snakemake's own ``update`` puts a copy back with a new time, and notes the parameters of the job that
    failed as those of the files: the next call would take the earlier rows for those of the new
    configuration.
    """
    from snakemake.jobs import Job as SnakemakeJob
    from snakemake.persistence import FileBackupMixin

    if FileBackupMixin.backup_output is not _keep_aside:
        FileBackupMixin.backup_output = _keep_aside
        FileBackupMixin.restore_output = _put_back
        SnakemakeJob.postprocess = _without_record_of_failure(SnakemakeJob.postprocess)


def end_when_told() -> None:
    """Let SIGTERM end Snakemake whatever it is doing: ``kill``, ``scancel`` and time limits send it.

    Its own handler takes the scheduler's lock. A signal that comes while a job's end is noted, under that
    lock and in the same thread, makes it wait for ever: nothing but SIGKILL ends such a process then, and
    an engine that watches it keeps its GPU. The handler sets one attribute, which needs no lock.
    """
    from snakemake.scheduling.job_scheduler import JobScheduler

    JobScheduler.exit_gracefully = _end


def _end(scheduler: Any, *signal_and_frame: Any) -> None:
    scheduler._user_kill = "graceful"
    scheduler._open_jobs.release()


def _keep_aside(persistence: Any, path: Path) -> None:
    aside = persistence._get_backup_path(path)
    aside.parent.mkdir(parents=True, exist_ok=True)
    aside.unlink(missing_ok=True)
    try:
        os.link(path, aside)
    except OSError:  # a file system without links
        shutil.copy2(path, aside)


def _put_back(persistence: Any, path: Path) -> bool:
    aside = persistence._get_backup_path(path)
    if not aside.exists():
        return False
    if not (path.exists() and path.samefile(aside)):
        shutil.move(aside, path)
    aside.unlink(missing_ok=True)
    return True


def _without_record_of_failure(postprocess: Any) -> Any:
    """Snakemake's end of a job, which notes nothing of a failed one whose earlier files stay."""

    async def ended(job: Job, *arguments: Any, error: bool = False, **more: Any) -> None:
        if not (error and any(is_updated(file) for file in job.output)):
            await postprocess(job, *arguments, error=error, **more)
            return
        persistence = job.dag.workflow.persistence
        record = persistence.finished

        async def record_others(each: Job) -> None:
            if each is not job:
                await record(each)
                return
            for file in job.output:
                persistence._unmark_incomplete(persistence._get_key(file))

        persistence.finished = record_others
        try:
            await postprocess(job, *arguments, error=error, **more)
        finally:
            persistence.finished = record

    return ended


def is_updated(file: Any) -> bool:
    """Whether an output was marked with ``update(...)``."""
    return bool(getattr(file, "flags", {}).get("update"))


def make_again(workflow: Workflow, file: str) -> None:
    """Have a file made again if this call is about it; called by an input function of its rule.

    ``--forcerun`` would make it a target of every call, also of one that measures nothing.
    """
    workflow.dag.forcefiles.add(file)


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


NOISE = re.compile(
    "|".join((
        "Config file .+ is extended by",
        "Assuming unrestricted shared filesystem usage",
        "Building DAG of jobs",
        "Using shell: ",
        "Group jobs: inactive",
        "(Conda environments|Singularity containers): ignored",
        "Select jobs to execute",
        "Shutting down, this might take some time",
        "Exiting because a job execution failed",
        r"Complete log\(s\): ",
        "Elapsed time: ",
        "Removing output files of failed job",
        r"Warning: the following output files of rule \w+ were not present when the DAG was created",
        "Creating report",
        "Loading script code for rule",
        r"Adding .+ \([\d.]+ \w+\)",
        "Downloading resources and rendering HTML",
        "Restored previous version of ",
    ))
)  # fmt: skip
"""How messages begin that are for the log file; they have no level or event by which to tell them."""

INTERRUPT = "Terminating processes on user request"
NOTHING = "Nothing to be done"
SUM_OF_FAILURES = "At least one job did not complete successfully"
FAILED_COMMAND = "CalledProcessError in file"

STREAM_HANDLER, FILE_HANDLER = "DefaultStreamHandler", "DefaultLogFileHandler"
"""Names that Snakemake gives its handlers."""


def is_noise(message: str) -> bool:
    """Whether a message without an event tells a user nothing."""
    return bool(NOISE.match(message))


def is_interrupt(message: str) -> bool:
    """Whether Snakemake says that it was interrupted from the keyboard; no event says so."""
    return message.startswith(INTERRUPT)


def is_nothing_to_do(message: str) -> bool:
    """Whether Snakemake says that all is up to date; no event says so."""
    return message.startswith(NOTHING)


def is_sum_of_failures(message: str) -> bool:
    """Whether an error only says that there were others before."""
    return SUM_OF_FAILURES in message


def is_failed_command(message: str) -> bool:
    """Whether an error only says that a job's command failed; why, the job has said."""
    return FAILED_COMMAND in message


def event_of(record: logging.LogRecord) -> str | None:
    """What a record is about, as `snakemake_interface_logger_plugins.common.LogEvent` names it."""
    event = getattr(record, "event", None)
    return None if event is None else str(event)


def quietness(workflow: Workflow) -> frozenset[str]:
    """What ``--quiet`` names."""
    return frozenset(str(each.name).lower() for each in workflow.output_settings.quiet or ())


def has_colours(workflow: Workflow) -> bool:
    """Whether ``--nocolor`` was not given."""
    return not workflow.output_settings.nocolor


def log_file(workflow: Workflow) -> logging.Handler | None:
    """The handler of Snakemake's log file."""
    return _handler(workflow, FILE_HANDLER)


def replace_output(workflow: Workflow, make: Callable[[], logging.Handler]) -> logging.Handler | None:
    """Have another handler say what happens, in place of Snakemake's text.

    A logger plugin is the documented way, but Snakemake finds one only among installed packages or on
    PYTHONPATH, and only if a profile or the command line names it: from another folder, with another profile,
    or with a second logger there would be none. Snakemake's text stays where it was asked for (``--dry-run``,
    ``--verbose``, ``--printshellcmds``, ``--debug-dag``), where a logger on the command line writes to the
    terminal, and in the Snakemakes that run single jobs.

    Returns:
        The new handler; None where Snakemake's text stays.
    """
    settings, old = workflow.output_settings, _handler(workflow, STREAM_HANDLER)
    asked = settings.dryrun or settings.verbose or settings.printshellcmds or settings.debug_dag
    if old is None or asked or not is_first_parse(workflow):
        return None
    new = make()
    workflow.logger_manager.logger.removeHandler(old)
    workflow.logger_manager.logger.addHandler(new)
    return new


def _handler(workflow: Workflow, name: str) -> logging.Handler | None:
    handlers: list[logging.Handler] = workflow.logger_manager.logger.handlers
    return next((handler for handler in handlers if handler.name == name), None)


def results_folder(workflow: Workflow) -> str:
    """The folder that rules call ``<results>``."""
    return str(workflow.pathvars.apply("<results>"))


def names_of_targets(workflow: Workflow) -> list[str]:
    """Rules that can be asked for by name: those without wildcards."""
    return [rule.name for rule in workflow.rules if not rule.has_wildcards()]
