"""Whether other processes are still there."""

import psutil


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended; one that only waits for its parent to take note (a zombie) has."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
