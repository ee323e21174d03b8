"""Exit statuses by which an engine's host process says why it ended; the numbers are those of sysexits.h."""

CRASHED = 70
"""One of vLLM's own processes is gone (EX_SOFTWARE)."""

GONE = 75
"""The client that the host was measuring for is gone (EX_TEMPFAIL)."""
