"""A fork server: a process that has imported vLLM, of which engines begin as copies; on CPU alone.

``python -m batchscope.worker.fork_server SERVER.json``, in an engine environment. SERVER.json holds
``socket``; ``follow``: the process, as id and time of creation, with which it ends; and ``device`` and
``folder``: where it describes the environment before it imports anything. It computes nothing and holds no
device.

A client sends one line, a `Request`, and with it the file that gets what the copy says. It gets
``{"pid": ...}``, says ``go`` once it watches that process, and gets ``{"status": ...}`` when the copy has
ended. A copy whose client hangs up before ``go`` ends at once. The other side is
`batchscope.jobs.forking.engine_copy`.
"""

import importlib
import json
import os
import runpy
import select
import shutil
import socket
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from batchscope.common.processes import gone
from batchscope.common.repeating_thread import repeating
from batchscope.worker.quick_import import without_collection
from batchscope.worker.telemetry.environment import write_environment

WATCH_S = 0.1
GO = b"go\n"

TITLES = "setproctitle"
"""vLLM names its processes with it. It must look where the name stands before any variable changes."""

ENGINE = (
    TITLES,
    "vllm.entrypoints.llm",
    "vllm.v1.engine.core",
    "vllm.v1.executor.multiproc_executor",
    "vllm.v1.worker.cpu_worker",
    "vllm.v1.sample.rejection_sampler",
    "vllm.model_executor.models.llama",
)
SERVER = ("vllm.entrypoints.cli.main", "vllm.entrypoints.openai.api_server", "vllm.benchmarks.serve")

IMPORTS = {"batchscope.worker.engine": ENGINE, "batchscope.worker.server": ENGINE + SERVER}
"""What is imported before a module is run in a copy: what each would import again, and nothing of ours."""


@dataclass(frozen=True)
class Request:
    """What a copy runs: a module with arguments, in a folder, with these environment variables."""

    module: str
    arguments: list[str]
    folder: str
    environment: dict[str, str]


def main() -> None:
    """Serve until the process to follow has ended; in a copy, run what was asked for."""
    order = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    write_environment(order["device"], Path(order["folder"]))
    request = ForkServer(Path(order["socket"]), order["follow"]).serve()
    if request is not None:
        become(request)


class ForkServer:
    """The server's side: one socket, and for each copy the connection to whom asked for it."""

    def __init__(self, path: Path, follow: tuple[int, float]) -> None:
        self._path = path
        self._follow = process_that_was(*follow)
        self._copies: dict[int, socket.socket] = {}
        self._own = {str(Path.cwd()), *os.environ.get("PYTHONPATH", "").split(os.pathsep)}

    def serve(self) -> Request | None:
        """Answer clients; returns a request in each copy, and None in the server at its end."""
        self._import(ENGINE)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(self._path))
            listener.listen()
            while not self._is_over():
                if select.select([listener], [], [], WATCH_S)[0] and (asked := self._answer(listener)):
                    return asked
                self._tell_ends()
        shutil.rmtree(self._path.parent, ignore_errors=True)
        return None

    def _is_over(self) -> bool:
        return self._follow is None or gone(self._follow)

    def _import(self, names: Iterable[str]) -> None:
        """Import modules; the copy says what is wrong with one. Meanwhile, too, end when it is over."""
        with repeating(lambda done: os._exit(0) if self._is_over() else None, WATCH_S), without_collection():
            for name in names:
                with suppress(Exception):
                    importlib.import_module(name)
        if titles := sys.modules.get(TITLES):
            titles.setproctitle(titles.getproctitle())

    def _answer(self, listener: socket.socket) -> Request | None:
        """Make the copy that a client asks for; returns its request in the copy."""
        connection, _ = listener.accept()
        line, files = receive(connection)
        request = Request(**json.loads(line))
        self._import(IMPORTS.get(request.module, ()))
        pid = os.fork()
        if pid == 0:
            os.setsid()
            take_over(files[0])
            for other in (listener, *self._copies.values()):
                other.close()
            wait_for_go(connection)
            self._path_to_ours(request)
            return request
        os.close(files[0])
        self._copies[pid] = connection
        send(connection, {"pid": pid})
        return None

    def _tell_ends(self) -> None:
        """Tell each client whose copy has ended its exit status: negative, a signal."""
        while self._copies:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            with self._copies.pop(pid) as connection:
                send(connection, {"status": os.waitstatus_to_exitcode(status)})

    def _path_to_ours(self, request: Request) -> None:
        """What is ours is imported by the copy, from the checkout that asks for it."""
        path = request.environment.get("PYTHONPATH", "").split(os.pathsep)
        others = [each for each in sys.path if each not in self._own]
        sys.path[:] = [request.folder, *filter(None, path), *others]
        for name in [each for each in sys.modules if each.partition(".")[0] == "batchscope"]:
            del sys.modules[name]


def process_that_was(pid: int, created: float) -> psutil.Process | None:
    """The process with this id that was created at ``created``; None if it is gone."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if process.create_time() == created:
            return process
    return None


def receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    """A client's line, and the files that came with it."""
    line, files, _, _ = socket.recv_fds(connection, 1 << 16, 1)
    while line and not line.endswith(b"\n"):
        line += connection.recv(1 << 16)
    return line, files


def send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    """One line to a client, if it is still there."""
    with suppress(OSError):
        connection.sendall(json.dumps(message).encode() + b"\n")


def take_over(log: int) -> None:
    """Read from nothing, and write into the log."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, source in enumerate((nothing, log, log)):
        os.dup2(source, number)
    os.close(nothing)
    os.close(log)


def wait_for_go(connection: socket.socket) -> None:
    """Return when the client watches this process; end if it hangs up."""
    with connection:
        if connection.recv(len(GO)) != GO:
            os._exit(0)


def become(request: Request) -> None:
    """Be ``python -m module arguments`` in the folder, with the variables."""
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    importlib.invalidate_caches()
    sys.argv = [request.module, *request.arguments]
    if titles := sys.modules.get(TITLES):
        titles.setproctitle(" ".join([sys.executable, "-m", *sys.argv]))
    runpy.run_module(request.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
