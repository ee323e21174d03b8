"""Where the engines of one call of Snakemake are known to its jobs; each call has a folder of its own.

Two calls in one checkout then share no engine: whichever ended first would take the other's along.
"""

import hashlib
import os
import shutil
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from batchscope.jobs.supervise import snakemake_above


def state_folder() -> Path:
    """The folder that describes this call's engines; those of calls that have ended are removed."""
    above = snakemake_above() or psutil.Process()
    folders = _folders_of_calls()
    _remove_ended(folders)
    return folders / _name_of_call(above.pid)


def connection_to(described: Mapping[str, Any] | None) -> socket.socket | None:
    """A connection to the process that a file of the folder describes; None where none answers."""
    if not described:
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(described["socket"])
    except OSError:
        connection.close()
        return None
    return connection


def _folders_of_calls() -> Path:
    """In ``.snakemake``; in Slurm in the node's TMPDIR: a folder that nodes share may not support locks."""
    if job := os.environ.get("SLURM_JOB_ID"):
        workflow = hashlib.sha256(str(Path.cwd()).encode()).hexdigest()[:6]
        return Path(tempfile.gettempdir()) / f"batchscope-{os.getuid()}-{job}-{workflow}"
    return Path(".snakemake") / "batchscope"


def _name_of_call(pid: int) -> str:
    """Host, process, and when that started, in clock ticks since the host did: process ids are used again.

    Not in seconds since 1970, which change when the clock is set.
    """
    fields = (
        Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    )
    return f"{socket.gethostname()}_{pid}_{fields[19]}"


def _remove_ended(folders: Path) -> None:
    for folder in folders.glob(f"{socket.gethostname()}_*_*"):
        try:
            ended = _name_of_call(int(folder.name.split("_")[-2])) != folder.name
        except OSError:  # there is no such process
            ended = True
        if ended:
            shutil.rmtree(folder, ignore_errors=True)
