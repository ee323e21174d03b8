"""Exit statuses by which an engine host says how it ended, as sysexits.h has them."""

CRASHED = 70
"""Exit status of a host that lost one of vLLM's processes (as sysexits.h has it)."""


GONE = 75
"""Exit status where the client is gone (as sysexits.h has it)."""
