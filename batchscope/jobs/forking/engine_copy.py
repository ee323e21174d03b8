"""An engine's process that begins as a copy of one which has imported vLLM, which takes longer than all else.

The first engine of a call starts a fork server (`batchscope.worker.fork_server`), which ends with the call.
Later ones find it in the state folder, if all variables that an import may read are the same. On CPU alone:
what a GPU's driver makes of copies of a process is not tried.
"""

import hashlib
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import psutil

from batchscope.common.atomic_files import read_json, replacing
from batchscope.common.exit_status import CRASHED
from batchscope.common.processes import gone
from batchscope.jobs.engine_pool import environment_folder
from batchscope.jobs.state_folder import connection_to
from batchscope.jobs.supervise import not_outliving

SHARED = "BATCHSCOPE_FORK_SERVERS"
"""Names the variable with the folder of fork servers that several calls share.

Its shared.json holds ``follow``, the process with which they end, and ``unread``, names of further variables
that make no difference.
"""

OF_A_CALL = ("BATCHSCOPE_", "SLURM_")
"""Prefixes of variables that say where an engine belongs, and that nothing reads while it is imported."""

READ_BY_COPIES = (
    "PYTHONPATH",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "_",
    "COLUMNS",
    "LINES",
    "VLLM_CPU_OMP_THREADS_BIND",
)


class EngineCopy:
    """A process that a fork server made, as `batchscope.jobs.supervise` takes it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._goes = False
        self.pid = int(self._read(None)["pid"])
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Let it go on, if it waits for that, and wait for its end; its exit status, negative: a signal.

        Raises:
            subprocess.TimeoutExpired: it has not ended.
        """
        if not self._goes:
            self._goes = True
            with suppress(OSError):
                self._connection.sendall(b"go\n")
        if self.returncode is None:
            try:
                self.returncode = self._read(timeout).get("status")
            except TimeoutError:
                raise subprocess.TimeoutExpired("a copy", timeout or 0.0) from None
        if self.returncode is None:  # the fork server was killed
            wait_until_gone(self.pid)
            self.returncode = CRASHED
        return self.returncode

    def _read(self, timeout: float | None) -> dict[str, Any]:
        """A line of the fork server; nothing if it has ended."""
        self._connection.settimeout(timeout)
        try:
            line = self._connection.recv(1 << 10)
        except ConnectionError:
            line = b""
        found: dict[str, Any] = json.loads(line or b"{}")
        return found


def wait_until_gone(pid: int) -> None:
    """Wait for the end of a process that is not our child."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while not gone(process):
            time.sleep(0.1)


def start_copy(
    order: Mapping[str, Any],
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    log: IO[bytes],
    over: Callable[[psutil.Process], bool],
) -> EngineCopy | None:
    """Have a fork server of this call, which is started if there is none, make a copy that runs a module.

    Args:
        order: the engine request, paths, and the process to follow, from `batchscope.jobs.engine_pool`.
        module: what ``python -m`` would run.
        arguments: its arguments.
        environment: the variables it gets.
        log: file that gets what it says.
        over: asked of a fork server that starts: whether to give it up, and end it.

    Returns:
        The copy, which waits until it is waited for; None where there is no fork server.
    """
    if order["device"] != "cpu":
        return None
    shared = read_json(Path(os.environ.get(SHARED, "")) / "shared.json") or {}
    python = itself(order["python"])
    known = place(order["state"], python, environment, shared.get("unread", ()))
    follow = shared.get("follow", order["follow"])
    connection = connect(known)
    if connection is None:
        server = begin_server(known, {**order, "python": python, "follow": follow}, environment, log)
        connection = answer_of(server, known, over)
    if connection is None:
        return None
    request = {
        "module": module,
        "arguments": list(arguments),
        "folder": str(Path.cwd()),
        "environment": dict(environment),
    }
    line = json.dumps(request).encode() + b"\n"
    try:
        sent = socket.send_fds(connection, [line], [log.fileno()])
        connection.sendall(line[sent:])
        return EngineCopy(connection)
    except (OSError, KeyError):
        return None


def itself(python: str) -> str:
    """A Python's path without links to its environment; the last one is what tells Python which that is."""
    return str(Path(python).parent.resolve() / Path(python).name)


def place(state: str, python: str, environment: Mapping[str, str], unread: Iterable[str]) -> Path:
    """Where a fork server is described that has this Python and these variables, but for the unread ones."""
    unread = {*READ_BY_COPIES, *unread}
    read = {
        name: value
        for name, value in environment.items()
        if not name.startswith(OF_A_CALL) and name not in unread
    }
    text = json.dumps([python, read], sort_keys=True)
    folder = Path(os.environ.get(SHARED) or Path(state).parent)
    return folder / f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.forks"


def connect(known: Path) -> socket.socket | None:
    """A connection to the fork server that is described there; None where none answers."""
    return connection_to(read_json(known))


def begin_server(
    known: Path, order: Mapping[str, Any], environment: Mapping[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a fork server, and describe it."""
    folder = Path(tempfile.mkdtemp(prefix="batchscope-"))  # socket paths are short
    about = {
        "socket": str(folder / "socket"),
        "follow": order["follow"],
        "device": order["device"],
        "folder": str(environment_folder(Path(order["state"]))),
    }
    (folder / "server.json").write_text(json.dumps(about))
    server = subprocess.Popen(
        [order["python"], "-m", "batchscope.worker.fork_server", str(folder / "server.json")],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=dict(environment),
        cwd=known.parent,
        start_new_session=True,
    )
    with replacing(known) as path:
        path.write_text(json.dumps(about))
    return server


def answer_of(
    server: subprocess.Popen[bytes], known: Path, over: Callable[[psutil.Process], bool]
) -> socket.socket | None:
    """A connection to a fork server once it answers; None if it ends. Until then it ends with us."""
    process = psutil.Process(server.pid)
    with not_outliving(server.pid, lambda: over(process)):
        while server.poll() is None:
            if (connection := connect(known)) is not None:
                return connection
            time.sleep(0.1)
    return None
