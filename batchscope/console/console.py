"""Turns Snakemake's records, and what jobs print, into what a call shows; docs/console.md has examples."""

import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchscope.common.atomic_files import read_json
from batchscope.console import wording
from batchscope.console.capture import Capture
from batchscope.console.causes import Failure, cause_of, describe_failures, describe_status
from batchscope.console.job_lines import Kind, begins_error, is_passing, kind_of, run_of_line
from batchscope.console.knowledge import MEASURING, PRINTING, TABLES, VERDICT, Knowledge, name_of_job
from batchscope.console.results_table import results_table
from batchscope.console.streams import Options, Streams
from batchscope.console.targets import missing_target, suggestion
from batchscope.console.time_left import TimeLeft
from batchscope.console.verdict_lines import verdict_lines
from batchscope.workflow import snakemake_internals as internals

LOOKING = "looking for what is not up to date"


@dataclass(frozen=True)
class ShownJob:
    """A job under way."""

    name: str
    rule: str
    outputs: tuple[str, ...]
    log: str
    local: bool
    """runs here, not on a cluster"""


class Console(logging.Handler):
    """Takes the place of Snakemake's own output to the terminal; its log file stays as it is."""

    def __init__(self, knowledge: Knowledge, options: Options) -> None:
        super().__init__()
        self._knowledge = knowledge
        self._options = options
        self._streams = Streams(options)
        self._streams.progress.update = self._update
        self._capture: Capture | None = None
        # The handler's own lock is held while it is closed, and then what is caught must still be shown.
        self._turn = threading.RLock()
        self._busy: int | None = None
        self._jobs: dict[int, ShownJob] = {}
        self._time = TimeLeft({}, Counter())
        self._held: list[str] = []
        self._errors: list[str] = []
        self._failures: list[Failure] = []
        self._kept = 0
        self._tables = self._verdict = ""
        self._began = time.monotonic()
        self._interrupted = False
        self._closed_once = False
        self._events: dict[str | None, Callable[[logging.LogRecord], None]] = {
            None: self._message,
            "workflow_started": self._start,
            "run_info": self._plan,
            "job_info": self._begin_job,
            "job_finished": self._finish_job,
            "job_error": self._fail_job,
            "error": self._error,
        }

    def handle(self, record: logging.LogRecord) -> bool:
        """Show a record, after all that was printed before it."""
        if self._capture and self._busy != threading.get_ident():
            self._capture.drain()
        with self._turn:
            self._busy = threading.get_ident()
            try:
                self.emit(record)
            finally:
                self._busy = None
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record."""
        try:
            self._events.get(internals.event_of(record), _ignore)(record)
        except Exception:  # noqa: BLE001, as all of logging: what cannot be shown stops no job
            self.handleError(record)

    def close(self) -> None:
        """End with the results, or with the cause of what failed."""
        if not self._closed_once:
            self._closed_once = True
            if isinstance(sys.exc_info()[1], KeyboardInterrupt):
                self._interrupted = True
                sys.excepthook = _say_no_more
            if self._capture:
                self._capture.end()
            self._streams.end()
            for line in self._last_words():
                self._streams.final(line)
        super().close()

    # What Snakemake says

    def _message(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if internals.is_interrupt(text):
            self._interrupted = True
            for job in self._jobs.values():
                self._streams.progress.say(job.name, "stopping")
        elif internals.is_nothing_to_do(text):
            self._streams.progress.end(LOOKING)
            if not self._options.silent:
                lines = wording.nothing_to_do(self._knowledge.runs(), self._knowledge.summary())
                self._streams.write("\n".join(lines))
        elif not internals.is_noise(text) and not self._options.silent:
            self._streams.write(text)

    def _start(self, record: logging.LogRecord) -> None:
        """Jobs may run from now on."""
        self._streams.progress.begin(LOOKING)
        self._streams.start()
        self._capture = Capture(self._printed)

    def _plan(self, record: logging.LogRecord) -> None:
        stats: dict[str, int] = dict(record.__dict__["stats"])
        others = Counter({rule: count for rule, count in stats.items() if rule not in (*MEASURING, "total")})
        self._time = TimeLeft(self._knowledge.predictions(), others)
        self._streams.progress.end(LOOKING)
        self._streams.progress.runs = len(self._time.runs)
        engines = len({run.engine for run in self._time.runs.values()})
        words = wording.beginning(
            len(self._time.runs), engines, others.total(), self._time.left(time.monotonic())
        )
        if not self._options.quiet_progress and not set(PRINTING) & set(stats):
            self._streams.write(words)

    def _begin_job(self, record: logging.LogRecord) -> None:
        said = record.__dict__
        name = name_of_job(said["rule_name"], said["wildcards"])
        job = ShownJob(name, said["rule_name"], tuple(said["output"]), _first(said["log"]), said["local"])
        self._jobs[said["jobid"]] = job
        self._time.begin(name, time.monotonic())
        self._streams.progress.begin(name)

    def _finish_job(self, record: logging.LogRecord) -> None:
        job = self._end_job(record.__dict__["job_id"])
        if job is None:
            return
        if not self._jobs:
            self._release_held()
        if job.rule == TABLES:
            self._tables = job.outputs[0]
        if job.rule == VERDICT:
            self._verdict = job.outputs[0]
        if job.rule in MEASURING:
            self._kept += 1
            self._tell_run(job, wording.measured(read_json(Path(job.outputs[0])) or {}))

    def _fail_job(self, record: logging.LogRecord) -> None:
        job = self._end_job(record.__dict__["jobid"])
        error = self._errors.pop(0) if self._errors else ""
        if job is None or not job.local or record.__dict__["indent"]:
            return  # of a cluster's jobs the handler onerror knows more
        cause = cause_of(job.log, self._held) or _own_words(error) or (describe_status(error),)
        self._held = [line for line in self._held if line.rstrip() not in cause]
        log = job.log if Path(job.log).is_file() else self._options.log_path
        self._failures.append(Failure(job.name, cause, log))
        if job.rule in MEASURING:
            self._tell_run(job, "failed")

    def _end_job(self, number: int) -> ShownJob | None:
        job = self._jobs.pop(number, None)
        if job:
            self._time.end(job.name, job.rule, time.monotonic())
            self._streams.progress.end(job.name)
            self._streams.progress.done = len(self._time.ended)
        return job

    def _tell_run(self, job: ShownJob, words: str) -> None:
        width = max((len(name) for name in self._time.runs), default=0)
        now = time.monotonic()
        where = wording.place(len(self._time.ended), len(self._time.runs), self._time.left(now))
        if not self._options.quiet_rules and not self._interrupted:
            self._streams.write(f"{job.name:<{width}}  {words}" + (f"  {where}" if self._time.runs else ""))

    def _error(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if (target := missing_target(text)) is not None:
            self._errors.append(suggestion(target, self._knowledge.targets()))
        elif not internals.is_sum_of_failures(text):
            self._errors.append(text)

    # What jobs print

    def _printed(self, stream: int, line: str, passing: bool) -> None:
        with self._turn:
            if not passing:
                self._options.keep(line)
            if passing or is_passing(line):
                for job in self._jobs.values():
                    self._streams.progress.say(job.name, line.strip())
                return
            if self._held or (self._jobs and begins_error(line)):
                self._held.append(line)
            elif said := run_of_line(line, self._running()):
                self._tell_state(*said)
            elif not self._options.quiet_rules or self._runs_any(PRINTING):
                self._streams.pass_on(stream, line)

    def _tell_state(self, run: str, said: str) -> None:
        kind = kind_of(said)
        if kind is not Kind.LINE:
            self._streams.progress.say(run, said)
        shown = kind is Kind.LINE or (kind is Kind.STATE and not self._streams.moves)
        if shown and not self._options.quiet_rules:
            self._streams.write(f"{run}: {said}")

    def _running(self) -> dict[str, str]:
        """Runs under way as their jobs call them, and as the console does."""
        names = [job.name for job in self._jobs.values() if job.rule in MEASURING]
        return {name.removeprefix("serving/"): name for name in names}

    def _runs_any(self, rules: tuple[str, ...]) -> bool:
        return any(job.rule in rules for job in self._jobs.values())

    def _release_held(self) -> None:
        for line in self._held:
            self._streams.write(line)
        self._held.clear()

    def _update(self) -> None:
        """Called by the thread that draws, which must not wait for a thread that waits for it."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            if self._time.runs or self._time.steps:
                now = time.monotonic()
                self._streams.progress.left = self._time.left(now)
                self._streams.progress.share = self._time.share(now)
        finally:
            self._turn.release()

    # The end

    def _last_words(self) -> list[str]:
        if self._interrupted:
            words = wording.stopped(self._kept, len(self._time.runs))
            return [] if self._options.silent else [words]
        if self._failures or self._errors:
            return [*self._held, *self._causes()]
        shown = (self._tables or self._verdict) and not self._options.silent
        return [*self._held, *(self._results() if shown else [])]

    def _causes(self) -> list[str]:
        errors = [line for error in self._errors for line in _own_words(error)]
        return [*describe_failures(self._failures), *errors]

    def _results(self) -> list[str]:
        said, took = self._answer(), wording.duration(time.monotonic() - self._began)
        return [*([f"\n{said}\n"] if said else []), f"Done in {took}. Answers: {self._knowledge.summary()}"]

    def _answer(self) -> str:
        """The verdict, or where none was made in this call the results of each study."""
        if self._verdict and (verdict := read_json(Path(self._verdict))):
            return "\n".join(verdict_lines(verdict))
        return results_table(Path(self._tables)) if self._tables else ""


def _ignore(record: logging.LogRecord) -> None:
    """Some events are for the log file alone."""


def _say_no_more(*_: object) -> None:
    """After Ctrl-C, in place of Python's traceback."""


def _first(paths: Any) -> str:
    return str(paths[0]) if paths else ""


def _own_words(error: str) -> tuple[str, ...]:
    """Snakemake's message without the exception's name; nothing where it only says that a command failed."""
    if not error or internals.is_failed_command(error):
        return ()
    head, _, rest = error.partition("\n")
    text = f"error: {rest.strip()}" if rest and head.endswith(":") and " " not in head else error
    return tuple(text.splitlines())
