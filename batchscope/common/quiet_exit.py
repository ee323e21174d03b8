"""The last moments of a process, in which there is nothing left to interrupt."""

import atexit
import signal
import weakref


def exit_undisturbed() -> None:
    """Have Ctrl-C ignored once Python runs its exit handlers.

    All is done by then. Ctrl-C would only cut the removal of temporary folders short, and print where.
    """
    # The last handler runs first. That of temporary folders is registered by the first `finalize` of all.
    weakref.finalize(exit_undisturbed, bool).detach()
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
