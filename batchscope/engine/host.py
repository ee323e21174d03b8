"""The host's side of the conversation: JSON lines over a Unix socket, one client at a time.

A client sends one line: a job (`batchscope.engine.run.measure_run`), or ``{"stop": true}``. It gets
``{"accepted": true}``, then ``{"progress": text}`` lines, then ``{"result": {...}}``. A client that hangs up
in the middle of its job was killed: what it asked for is of no use any more, and the engine is in the middle
of it, so the host ends. It ends as well when a process of the engine is gone: vLLM 0.32 may then wait for its
answer for ever.
"""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from vllm import LLM

from batchscope.engine.run import measure_run
from batchscope.engine.telemetry import Instruments, Telemetry

GONE, CRASHED = 75, 70
"""Exit statuses: the client, or a process of the engine, is gone (as sysexits.h has them)."""

TO_SAY_WHY_S = 3.0
"""For vLLM to notice by itself that a process of its own is gone, and to say why."""


class Host:
    """A started engine and its age."""

    def __init__(self, llm: LLM, start_seconds: float, instruments: Instruments | None) -> None:
        self.llm = llm
        self.instruments = instruments
        self.start_seconds = start_seconds
        self.started = time.monotonic()
        self.runs = 0
        self.processes = _processes_of_vllm()

    def describe(self) -> dict[str, Any]:
        """What measurement.json says of the engine, before the run is measured."""
        return {
            "start_s": self.start_seconds,
            "reused": self.runs > 0,
            "runs_before": self.runs,
            "age_s": time.monotonic() - self.started,
        }


def serve(host: Host, path: Path, idle_s: float) -> None:
    """Answer clients until one says stop, or none has come for ``idle_s`` seconds."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        # Whoever can connect can make this process read and write files: the user alone.
        earlier = os.umask(0o177)
        server.bind(str(path))
        os.umask(earlier)
        server.listen()
        server.settimeout(idle_s)
        print(f"engine started in {host.start_seconds:.1f} s, listening", flush=True)
        try:
            while _answer_next(host, server):
                pass
        finally:
            path.unlink(missing_ok=True)


def _answer_next(host: Host, server: socket.socket) -> bool:
    """Answer one client; False when there is to be no next."""
    try:
        connection, _ = server.accept()
    except TimeoutError:
        print("idle: no run has been asked for; the engine ends", flush=True)
        return False
    with connection, connection.makefile("r", encoding="utf-8") as lines:
        message = json.loads(lines.readline() or "{}")
        _send(connection, {"accepted": True})
        if message.get("stop"):
            return False
        if "spec" in message:
            with _ending_with(connection, host.processes):
                engine = host.describe()
                telemetry = Telemetry(host.instruments)
                result = measure_run(host.llm, message, telemetry, lambda text: _tell(connection, text))
                host.runs += 1
            engine["resolved"] = result.pop("resolved")
            _send(connection, {"result": {**result, "engine": engine}})
    return True


def _tell(connection: socket.socket, text: str) -> None:
    print(text, flush=True)
    _send(connection, {"progress": text})


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


@contextmanager
def _ending_with(connection: socket.socket, processes: Sequence[psutil.Process]) -> Iterator[None]:
    """End this process when the client hangs up before it has its result, or a process of vLLM is gone."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            if _hung_up(connection) and not done.is_set():
                print("the client is gone in the middle of its run; the engine ends", flush=True)
                os._exit(GONE)
            if not all(_runs(process) for process in processes) and not done.wait(TO_SAY_WHY_S):
                print("a process of the engine is gone in the middle of a run; the engine ends", flush=True)
                os._exit(CRASHED)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _processes_of_vllm() -> list[psutil.Process]:
    """Its engine cores and workers, by the title that vLLM gives them."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "VLLM::" in " ".join(child.cmdline())]


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
