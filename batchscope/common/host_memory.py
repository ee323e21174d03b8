"""Memory of this machine, or of the container on it that this process is in."""

from pathlib import Path

import psutil

CONTAINER = Path("/sys/fs/cgroup/memory.max")
"""Where a container's limit stands (control groups, version 2)."""


def memory_of_host(limit: Path = CONTAINER) -> int:
    """Bytes that processes here may have: the machine's, or what a container is limited to."""
    return _at_most(int(psutil.virtual_memory().total), limit)


def free_memory_of_host(limit: Path = CONTAINER) -> int:
    """Bytes that one more process may have, at most."""
    return _at_most(int(psutil.virtual_memory().available), limit)


def _at_most(size: int, limit: Path) -> int:
    try:
        text = limit.read_text(encoding="utf-8").strip()
    except OSError:
        return size
    return min(size, int(text)) if text.isdigit() else size
