"""Why a job failed: what it said, found in its log or among the lines that it printed."""

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batchscope.console.job_lines import begins_error

STATUS = re.compile(r"returned non-zero exit status (\d+)")


@dataclass(frozen=True)
class Failure:
    """A job that failed: its name, what it said, and where more stands."""

    name: str
    cause: tuple[str, ...]
    """lines"""
    log: str
    """path; empty where there is none"""

    def lines(self) -> list[str]:
        """As the console ends with it; the log's path is not said twice."""
        known = not self.log or any(self.log in line for line in self.cause)
        return [*self.cause, *([] if known else [f"  log: {self.log}"])]


def describe_failures(failures: Sequence[Failure]) -> list[str]:
    """All failures, each cause once; of several jobs that failed for the same cause the first one's log."""
    if len(failures) == 1:
        return failures[0].lines()
    causes: dict[tuple[str, ...], list[Failure]] = {}
    for failure in failures:
        causes.setdefault(failure.cause, []).append(failure)
    lines = [f"{len(failures)} steps failed:"] if failures else []
    for same in causes.values():
        first, *rest = same[0].lines()
        lines += [f"{', '.join(failure.name for failure in same)}: {first}", *rest]
    return lines


def last_error(lines: Sequence[str]) -> tuple[str, ...]:
    """The last error among lines, to their end; empty if there is none.

    Of a traceback only the exception stays, with all lines of its message.
    """
    begins = [place for place, line in enumerate(lines) if begins_error(line)]
    if not begins:
        return ()
    found = [line.rstrip() for line in lines[begins[-1] :]]
    if found[0].startswith("Traceback"):
        found = _exception(found)
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def _exception(traceback: Sequence[str]) -> list[str]:
    """The exception below a traceback's indented lines."""
    inside = [place for place, line in enumerate(traceback) if line.startswith(" ")]
    first, *rest = list(traceback[inside[0] :]) if inside else list(traceback)
    place = next((place for place, line in enumerate(rest) if line and not line.startswith(" ")), 0)
    first, *rest = rest[place:] or [first]
    return [f"error: {first}", *rest]


def cause_of(log: str, printed: Sequence[str]) -> tuple[str, ...]:
    """What a failed job said.

    Args:
        log: path of its log; some jobs' logs hold all that they print, others' what their engine says.
        printed: lines that jobs printed from the first error on; several jobs may have printed them.
    """
    path = Path(log)
    text = path.read_text(encoding="utf-8", errors="replace") if log and path.is_file() else ""
    logged = last_error(text.splitlines())
    said = last_error(printed)
    return logged if logged and (not said or logged[0] in printed) else said


def describe_status(error: str) -> str:
    """What is known of a job that said nothing, from Snakemake's message on it."""
    match = STATUS.search(error)
    if not match:
        return "error: it failed; what it printed stands above"
    status = int(match[1])
    if status <= 128 or status - 128 not in set(signal.Signals):
        return f"error: it ended with exit status {status} and said nothing"
    name = signal.Signals(status - 128).name
    hint = "; most often the kernel does it because memory ran out" if name == "SIGKILL" else ""
    return f"error: it was ended by signal {status - 128} ({name}){hint}"
