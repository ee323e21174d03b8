"""Calls of Snakemake that need not import it: one process has, and each call is a copy of it.

Importing takes Snakemake as long as all else that a dry run does, and the tests call it more than a hundred times.
`call` is for those that wait for its end. Nothing of ours is imported before: a call reads the code of its folder.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple

import psutil

STARTS = ("LC_ALL", "PYTHONCOERCECLOCALE", "PYTHONPATH", "PYTHONUTF8")
"""Variables that Python reads when it starts: a server for each set of values."""


class Ended(NamedTuple):
    """How a call ended; its CPU time with that of all that it started."""

    status: int
    cpu_seconds: float
    text: str


def call(folder: Path, arguments: list[str], environment: dict[str, str]) -> Ended:
    """Call ``snakemake`` in a folder, and wait for its end."""
    with NamedTemporaryFile(prefix="snakemake-") as output:
        request = {
            "folder": str(folder), "arguments": arguments, "environment": environment, "output": output.name
        }  # fmt: skip
        status, cpu_seconds = _ask(_server(tuple(environment.get(name) for name in STARTS)), request)
        return Ended(status, cpu_seconds, Path(output.name).read_text(errors="replace"))


def _ask(server: "subprocess.Popen[str]", request: dict[str, Any]) -> tuple[int, float]:
    """Exit status and CPU time of a call; if we are interrupted, it is ended."""
    try:
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        status, cpu_seconds = json.loads(server.stdout.readline())
    except BaseException:
        for process in psutil.Process(server.pid).children():
            process.kill()
        server.kill()
        _server.cache_clear()
        raise
    return status, cpu_seconds


@cache
def _server(values: tuple[str | None, ...]) -> "subprocess.Popen[str]":
    """A server whose Python started with these values; it ends with this process, which holds its input."""
    environment = {name: value for name, value in os.environ.items() if name not in STARTS}
    environment |= {name: value for name, value in zip(STARTS, values, strict=True) if value is not None}
    return subprocess.Popen(
        [sys.executable, "-P", __file__], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def serve() -> None:
    """Import Snakemake; then, for each request, become it in a copy, and answer how that ended."""
    from snakemake.cli import get_argument_parser

    get_argument_parser()  # loads the plugins
    for line in iter(sys.stdin.readline, ""):
        pid = os.fork()
        if pid == 0:
            become(json.loads(line))
        _, status, used = os.wait4(pid, 0)
        print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime]), flush=True)


def become(request: dict[str, Any]) -> None:
    """Be ``python -m snakemake`` with these arguments, in this folder; does not return."""
    from snakemake.cli import main

    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    with Path(os.devnull).open() as nothing, Path(request["output"]).open("wb") as output:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.path.insert(0, request["folder"])  # as `python -m` does
    main(request["arguments"])
    sys.exit()


if __name__ == "__main__":
    serve()
