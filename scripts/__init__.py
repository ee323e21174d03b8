"""Programs: one a rule, and a few for people. Ctrl-C ends each without a traceback, even while it imports."""

import sys
from types import TracebackType

_report = sys.excepthook


def _end_quietly(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Python's own report of an exception that nothing caught, but for an interrupt from the keyboard."""
    if not issubclass(kind, KeyboardInterrupt):
        _report(kind, error, trace)


if sys.argv[:1] == ["-m"]:  # while `python -m scripts.NAME` looks for NAME: nobody else's process is changed
    sys.excepthook = _end_quietly
