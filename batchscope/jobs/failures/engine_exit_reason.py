"""How an engine process ended, read from its exit status and its log."""

import re
import signal
from collections.abc import Mapping, Sequence

from batchscope.common.exit_status import CRASHED
from batchscope.jobs.failures.engine_log import exceptions_in
from batchscope.jobs.failures.engine_start_watch import SAYS

OUT_OF_MEMORY = re.compile(
    r"out of memory|MemoryError|No available memory for the cache blocks"
    r"|not enough memory|can't allocate memory|Cannot allocate memory|std::bad_alloc"
)
"""Memory ran out. A KV cache that is too small for one request is no such case: vLLM refuses to make it."""

ERROR_LINE = re.compile(r"(?:^|\s)((?:[A-Za-z_]+\.)*[A-Za-z_]*(?:Error|Exception)): (.+)$")

USAGE = re.compile(r"(?:^|\s)\S+: error: (.+)$")
"""What a command line is refused with."""

UNINFORMATIVE = re.compile(
    r"See root cause above|stack trace (?:above )?for (?:the )?root cause|EngineDeadError"
    r"|EngineCore encountered an issue|died unexpectedly|ServerEndedError"
)

INNER = ("EngineCore", "Worker", "VllmWorker")
"""Processes of vLLM's whose errors count before the host's; of a worker's failure EngineCore says little."""

NO_ERROR: Mapping[int | None, str] = {
    None: "the engine and its guardian were killed",
    CRASHED: "a process of the engine crashed or was killed",
    -signal.SIGKILL: "the engine was killed (signal 9); most often the kernel did it because memory ran out",
}
"""Exit statuses that say all that is known; None: there is none."""

LOST = re.compile(r"Failed core proc\(s\): \{'(\w+)': -(\d+)")

GUARDIAN_SAW = re.compile(rf"^{SAYS}(.+)$")


def root_cause(log: Sequence[str]) -> str | None:
    """Type and whole message of the error that names a cause: vLLM prints general errors after it."""
    raised = [each for each in exceptions_in(log) if not UNINFORMATIVE.search(each.text)]
    for process in INNER:
        if inside := [each.text for each in raised if each.process.startswith(process)]:
            return inside[-1]
    return raised[-1].text if raised else _cause_in_a_line(log)


def _cause_in_a_line(log: Sequence[str]) -> str | None:
    """The last error that stands in a line of its own, without a traceback."""
    errors = [match for line in log if (match := ERROR_LINE.search(line)) and not UNINFORMATIVE.search(line)]
    if errors:
        return f"{errors[-1][1].rpartition('.')[2]}: {errors[-1][2].strip()}"
    refused = [match[1] for line in log if (match := USAGE.search(line))]
    return refused[-1] if refused else None


def ran_out_of_memory(log: Sequence[str]) -> bool:
    """Whether the engine ended because GPU or host memory ran out."""
    cause = root_cause(log)
    return any(OUT_OF_MEMORY.search(line) for line in ([cause] if cause else log))


def describe_exit(status: int | None, log: Sequence[str]) -> str:
    """Why an engine ended with exit status ``status`` (negative: a signal; None: unknown)."""
    return root_cause(log) or _what_was_seen(log) or _in_words(status)


def _what_was_seen(log: Sequence[str]) -> str | None:
    """What the guardian saw, or vLLM: a process that a signal ended leaves no error of its own."""
    for line in log:
        if seen := GUARDIAN_SAW.search(line):
            return seen[1]
        if lost := LOST.search(line):
            return f"{_in_words(-int(lost[2]))} (vLLM's process {lost[1]})"
    return None


def _in_words(status: int | None) -> str:
    if status in NO_ERROR or status is None:
        return NO_ERROR[status]
    if status < 0:
        return f"the engine was ended by signal {-status} ({signal.Signals(-status).name})"
    return f"the engine ended with exit status {status} and no error message"
