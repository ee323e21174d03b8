"""How an engine process ended, read from its exit status and its log."""

import re
import signal
from collections.abc import Sequence

from batchscope.common.exit_status import CRASHED

OUT_OF_MEMORY = re.compile(
    r"out of memory|OutOfMemoryError|No available memory for the cache blocks"
    r"|larger than the available KV cache memory|not enough memory|Cannot allocate memory|std::bad_alloc"
)
ERROR_LINE = re.compile(r"(?:^|\s)((?:[A-Za-z_]+\.)*[A-Za-z_]*(?:Error|Exception)): (.+)$")

UNINFORMATIVE = re.compile(
    r"See root cause above|EngineDeadError|EngineCore encountered an issue|died unexpectedly"
)


def root_cause(log: Sequence[str]) -> str | None:
    """The last error line that names a cause: vLLM prints general errors after the true one."""
    errors = [match for line in log if (match := ERROR_LINE.search(line)) and not UNINFORMATIVE.search(line)]
    return f"{errors[-1][1].rpartition('.')[2]}: {errors[-1][2].strip()}" if errors else None


def ran_out_of_memory(log: Sequence[str]) -> bool:
    """Whether the engine ended because GPU or host memory ran out."""
    return any(OUT_OF_MEMORY.search(line) for line in log)


def describe_exit(status: int | None, log: Sequence[str]) -> str:
    """One sentence on why an engine ended with exit status ``status`` (negative: a signal; None: unknown)."""
    if cause := root_cause(log):
        return cause
    if status is None:
        return "the engine and its guardian were killed"
    if status == CRASHED:
        return "a process of the engine crashed or was killed in the middle of the run"
    if status == -signal.SIGKILL:
        return "the engine was killed (signal 9); most often the kernel did it because memory ran out"
    if status < 0:
        return f"the engine was ended by signal {-status} ({signal.Signals(-status).name})"
    return f"the engine ended with exit status {status} and no error message"
