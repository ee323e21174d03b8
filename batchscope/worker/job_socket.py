"""A host's side of the conversation with the jobs: JSON lines over a Unix socket, one client at a time.

A client sends one line: a job, as the host's ``measure`` takes it, or ``{"stop": true}``. It gets
``{"accepted": true}``, then ``{"progress": text}`` lines, then ``{"result": {...}}``. The other side is
`batchscope.jobs.engine_pool`.

A client that hangs up in the middle of its job was killed. Nobody needs the result any more, and the engine
is busy with it, so the host ends. It also ends when one of vLLM's processes has ended: vLLM 0.32 may then
wait for an answer for ever, and a client of its server only sees failed requests.
"""

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psutil

from batchscope.common.exit_status import CRASHED, GONE
from batchscope.common.processes import gone
from batchscope.common.repeating_thread import repeating

WATCH_S = 0.2
TO_SAY_WHY_S = 3.0
"""Seconds that vLLM gets to write into its log why one of its processes ended."""


class Host(Protocol):
    """A started engine or server."""

    @property
    def processes(self) -> Sequence[psutil.Process]:
        """Processes of vLLM: once one of them has ended, no measurement will end any more, or be valid."""

    def measure(self, job: dict[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
        """Measure what a job asks for, and return the result; ``tell`` is called with lines of progress."""


def answer_jobs(host: Host, path: Path, idle_s: float) -> None:
    """Answer clients at the socket ``path`` until one says stop, or none has come for ``idle_s`` seconds."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        # Whoever can connect can make this process read and write files, so only this user may.
        earlier = os.umask(0o177)
        listener.bind(str(path))
        os.umask(earlier)
        listener.listen()
        listener.settimeout(idle_s)
        try:
            while _answer_next(host, listener):
                pass
        finally:
            path.unlink(missing_ok=True)


def _answer_next(host: Host, listener: socket.socket) -> bool:
    """Answer one client; returns whether to wait for another."""
    try:
        connection, _ = listener.accept()
    except TimeoutError:
        print("idle: nothing has been asked for; the engine ends", flush=True)
        return False
    with connection, connection.makefile("r", encoding="utf-8") as lines:
        message = json.loads(lines.readline() or "{}")
        _send(connection, {"accepted": True})
        if message.get("stop"):
            return False
        if "spec" in message:
            with _ending_with(connection, host.processes):
                result = host.measure(message, lambda text: _send_progress(connection, text))
            _send(connection, {"result": result})
    return True


def _send_progress(connection: socket.socket, text: str) -> None:
    print(text, flush=True)
    _send(connection, {"progress": text})


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


@contextmanager
def _ending_with(connection: socket.socket, processes: Sequence[psutil.Process]) -> Iterator[None]:
    """End this process if the client hangs up before it has its result, or a process of vLLM's ends."""

    def watch(done: threading.Event) -> None:
        if _hung_up(connection) and not done.is_set():
            print("the client is gone in the middle of its job; the engine ends", flush=True)
            os._exit(GONE)
        _end_without_any_of(processes)

    try:
        with repeating(watch, WATCH_S):
            yield
    finally:  # before anybody takes vLLM's error, or a load's failed requests, for a result
        _end_without_any_of(processes)


def _end_without_any_of(processes: Sequence[psutil.Process]) -> None:
    if any(map(gone, processes)):
        time.sleep(TO_SAY_WHY_S)
        print("a process of the engine is gone in the middle of a job; the rest ends", flush=True)
        os._exit(CRASHED)


def _hung_up(connection: socket.socket) -> bool:
    """Whether the client has closed the connection: after its one line there is only the end to read."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
