"""Calls of Snakemake that need not import it: one process has, and each call is a copy of it.

Importing takes Snakemake as long as all else that a dry run does, and the tests call it more than a hundred times.
`call` is for those that wait for its end. Nothing of ours is imported before: a call reads the code of its folder.
"""

import json
import os
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import psutil

STARTS = ("LC_ALL", "PYTHONCOERCECLOCALE", "PYTHONPATH", "PYTHONUTF8")
"""Variables that Python reads when it starts: a server for each set of values."""

LATER = ("pyarrow", "requests", "smart_open", "tqdm")
"""What Snakemake and our rules import of others while a workflow is read."""


def call(folder: Path, arguments: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Call ``snakemake`` in a folder, and wait for its end: the exit status, and all it printed."""
    with NamedTemporaryFile(prefix="snakemake-") as output:
        request = {
            "folder": str(folder), "arguments": arguments, "environment": environment, "output": output.name
        }  # fmt: skip
        status = _ask(_server(tuple(environment.get(name) for name in STARTS)), request)
        return status, Path(output.name).read_text(errors="replace")


def _ask(server: "subprocess.Popen[str]", request: dict[str, Any]) -> int:
    """Exit status of a call; if we are interrupted, it is ended."""
    try:
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        return int(server.stdout.readline())
    except BaseException:
        for process in psutil.Process(server.pid).children():
            process.kill()
        server.kill()
        _server.cache_clear()
        raise


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
    for name in LATER:
        import_module(name)
    for line in iter(sys.stdin.readline, ""):
        pid = os.fork()
        if pid == 0:
            become(json.loads(line))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


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
    sys.argv = ["snakemake", *request["arguments"]]
    main(request["arguments"])
    sys.exit()


if __name__ == "__main__":
    serve()
