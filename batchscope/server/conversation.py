"""The host's side of the conversation, as `batchscope.engine.host` has it: JSON lines over a Unix socket.

A client that hangs up in the middle of its job was killed, and the server is in the middle of its load: the
host ends. It ends as well when a process of the server is gone.
"""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from batchscope.server.load import Host

GONE, CRASHED = 75, 70
"""Exit statuses, those of `batchscope.engine.host`."""

TO_SAY_WHY_S = 3.0
"""For the server to say in its log why one of its processes is gone."""


def answer_jobs(host: Host, path: Path, idle_s: float) -> None:
    """Answer clients until one says stop, or none has come for ``idle_s`` seconds."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        # Whoever can connect can make this process read and write files: the user alone.
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
    """Answer one client; False when there is to be no next."""
    try:
        connection, _ = listener.accept()
    except TimeoutError:
        print("idle: no load has been asked for; the server ends", flush=True)
        return False
    with connection, connection.makefile("r", encoding="utf-8") as lines:
        message = json.loads(lines.readline() or "{}")
        _send(connection, {"accepted": True})
        if message.get("stop"):
            return False
        if "spec" in message:
            with _ending_with(connection, host.processes):
                result = host.measure(message, lambda text: _tell(connection, text))
            _send(connection, {"result": result})
    return True


def _tell(connection: socket.socket, text: str) -> None:
    print(text, flush=True)
    _send(connection, {"progress": text})


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


@contextmanager
def _ending_with(connection: socket.socket, processes: list[psutil.Process]) -> Iterator[None]:
    """End this process when the client hangs up before it has its result, or the server is gone."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            if _hung_up(connection) and not done.is_set():
                print("the client is gone in the middle of its load; the server ends", flush=True)
                os._exit(GONE)
            if not all(_runs(process) for process in processes) and not done.is_set():
                time.sleep(TO_SAY_WHY_S)
                print("a process of the server is gone in the middle of a load; the rest ends", flush=True)
                os._exit(CRASHED)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _hung_up(connection: socket.socket) -> bool:
    """A client says one line and then listens: readable means that it is gone."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
