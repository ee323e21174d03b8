"""Whether an engine that did not start said no to what it was asked for, or broke on its way."""

import re
from collections.abc import Sequence

from batchscope.jobs.failures.engine_exit_reason import root_cause

SAYS_NO = ("ValueError", "NotImplementedError", "ValidationError", "VLLMValidationError", "TypeError")
"""Exceptions by which vLLM, pydantic and PyTorch refuse an argument, or arguments together.

An assertion, a failed import or an error of the driver is none: they may come of a broken installation too.
"""

MAY_PASS = re.compile(
    r"Free memory on device|less than desired GPU memory utilization|[Aa]ddress already in use|\btimed out\b"
)
"""What is refused because of something that others do on the machine at this moment."""

GIVEN = re.compile(r"\[type=.*\]$", re.MULTILINE)
"""All that pydantic was given, at the end of its message: it holds words such as shutdown_timeout."""

TYPE = re.compile(r"^(\w+)(?::|$)")


def says_no(log: Sequence[str]) -> bool:
    """Whether the log of an engine that did not start ends with a refusal, which another try would repeat."""
    cause = root_cause(log)
    if cause is None or MAY_PASS.search(GIVEN.sub("", cause)):
        return False
    found = TYPE.match(cause)
    # without a type it is a command line's: the name of the program, and what it does not take
    return found is None or found[1] in SAYS_NO or not found[1].endswith(("Error", "Exception"))
