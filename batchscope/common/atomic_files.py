"""Files that are written whole or not at all, their hashes, and reading JSON that may be damaged."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from batchscope.common.errors import UserError
from batchscope.common.processes import gone

WORKFLOW = "BATCHSCOPE_WORKFLOW"
"""Names the variable with the process, id and time of creation, of the Snakemake that started this one."""

CLOCK_S = 2.0
"""Seconds by which a time of creation may differ between two readers, when the machine's clock is set."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place when the block ends without an error.

    Folders above it are made.

    Raises:
        UserError: the file cannot be written, or the workflow that asked for it has ended; an earlier version
            stays as it is.
    """
    # The suffix stays the same: some writers choose their format by it.
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        refuse_orphans(path)
        temporary.replace(path)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror}; check the folder and its free space"
        ) from None
    finally:
        # Where it could not be made it cannot be removed either, and the first error is the one to tell.
        with suppress(OSError):
            temporary.unlink()


def refuse_orphans(path: Path) -> None:
    """Let no process write a result whose Snakemake was killed: the next one may have made a newer one.

    Raises:
        UserError: it is gone.
    """
    if (named := _named()) and _living(*named) is None:
        raise UserError(f"the workflow that asked for {path} has ended; the file stays as it is")


def _named() -> tuple[int, float] | None:
    """The process that `WORKFLOW` names; None where it names none."""
    pid, _, created = os.environ.get(WORKFLOW, "").partition(" ")
    return (int(pid), float(created)) if pid else None


def _living(pid: int, created: float) -> psutil.Process | None:
    """The process with this id and time of creation; None: it is gone. Ids are used again."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < CLOCK_S
        return process if same and not gone(process) else None
    except psutil.NoSuchProcess:
        return None


def name_workflow() -> None:
    """Tell all processes that this one starts that they work for it, or for what it works for itself."""
    me, named = psutil.Process(), _named()
    if named is None or _living(*named) not in me.parents():
        os.environ[WORKFLOW] = f"{me.pid} {me.create_time()}"


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all.

    Raises:
        UserError: as `replacing`.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(path: Path) -> dict[str, Any] | None:
    """A file's JSON object; None where the file is missing or damaged, or holds another kind of value."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
