"""Child processes that never outlive the workflow, and locks that give a device to one run at a time."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Protocol

import psutil

from batchscope.common.processes import gone
from batchscope.common.repeating_thread import repeating

GRACE_S = 5.0
"""Seconds between asking a process group to end and killing it."""


class TimedOutError(Exception):
    """The child ran longer than allowed and was stopped."""


class Child(Protocol):
    """A process that leads a session of its own, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int:
        """Its process id, and that of its group."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended; raises `subprocess.TimeoutExpired`."""


def run_supervised(
    command: Sequence[str],
    log: IO[bytes],
    env: Mapping[str, str],
    timeout_s: float | None,
    follow: psutil.Process | None = None,
    hopeless: Callable[[psutil.Process], bool] | None = None,
) -> int:
    """Run a command in a process group of its own and return its exit status; see `supervise`."""
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=dict(env),
        start_new_session=True,
    )
    return supervise(child, timeout_s, follow, hopeless)


def supervise(
    child: Child,
    timeout_s: float | None,
    follow: psutil.Process | None = None,
    hopeless: Callable[[psutil.Process], bool] | None = None,
) -> int:
    """Wait for a process that leads a group of its own; its exit status (negative: the signal).

    The whole group has ended when this returns. It is also killed when this process ends in any other way,
    SIGKILL included (`run_when_we_end`), when the process ``follow`` has ended, by default the Snakemake
    that started us, and when ``hopeless``, asked twice a second about the command's process, says so.

    Raises:
        TimedOutError: ``timeout_s`` seconds have passed.
    """
    with _ending(child):  # an interrupt may come before all the watchers are in place
        above, process = follow or snakemake_above(), psutil.Process(child.pid)
        with (
            not_outliving(child.pid, lambda: above is not None and gone(above)),
            _ending_when(lambda: hopeless is not None and hopeless(process), child.pid),
            _ending(child),
        ):
            try:
                return child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                raise TimedOutError(f"stopped after {timeout_s:.0f} s") from None


@contextlib.contextmanager
def not_outliving(group: int, over: Callable[[], bool]) -> Iterator[None]:
    """Inside the block, a process group ends when this process does, in any way, or ``over`` says so."""
    with (
        run_when_we_end('kill -s KILL -- "-$1"', str(group)),
        _signals_reach(group),
        _ending_when(over, group),
    ):
        yield


@contextlib.contextmanager
def _ending(child: Child) -> Iterator[None]:
    """End the child's whole process group when the block is left, in whatever way."""
    try:
        yield
    finally:
        end_group(child.pid)
        child.wait()


def end_group(group: int) -> None:
    """Ask a process group to end, and kill what is left of it after `GRACE_S`."""
    for number, patience in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, GRACE_S)):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and _alive(group):
            time.sleep(0.05)


def _alive(group: int) -> bool:
    """Whether a process of the group still runs; zombies hold no resources and do not count."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                return True
    return False


@contextlib.contextmanager
def run_when_we_end(script: str, *arguments: str, always: bool = False) -> Iterator[None]:
    """Have a shell run ``script`` if this process ends inside the block, in any way, SIGKILL included.

    The shell waits for the end of a pipe that only this process holds open. It is nobody's child and ignores
    SIGTERM, because a scheduler that ends a job signals all of its child processes, and soon kills them.

    Args:
        script: for ``/bin/sh``.
        arguments: its ``$1``, ``$2`` and so on.
        always: run it when the block is left, too.
    """
    read_end, write_end = os.pipe()
    waiting = 'trap "" TERM INT HUP; read -r word <&3; [ "$word" = done ] || { ' + script + "; }"
    shell = subprocess.Popen(
        ["/bin/sh", "-c", f"exec 3<&0; ({waiting}) &", "sh", *arguments],
        stdin=read_end,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(read_end)
    shell.wait()
    try:
        yield
    finally:
        if not always:
            with contextlib.suppress(BrokenPipeError):
                os.write(write_end, b"done\n")
        os.close(write_end)
        shell.communicate()  # until it has ended


@contextlib.contextmanager
def _signals_reach(group: int) -> Iterator[None]:
    """On SIGTERM, end the group and exit by an exception, so that every ``finally`` above runs."""

    def stop(number: int, _frame: FrameType | None) -> None:
        end_group(group)
        raise SystemExit(128 + number)

    earlier = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


@contextlib.contextmanager
def _ending_when(over: Callable[[], bool], group: int) -> Iterator[None]:
    """End the group once ``over`` says so: a killed Snakemake, for one, leaves its jobs running."""

    def watch(done: threading.Event) -> None:
        if over():
            end_group(group)
            done.set()

    with repeating(watch, 0.5):
        yield


def snakemake_above() -> psutil.Process | None:
    """The nearest Snakemake among the processes that started us."""
    for process in psutil.Process().parents():
        with contextlib.suppress(psutil.Error):
            if any("snakemake" in Path(part).name for part in process.cmdline()[:3]):
                return process
    return None
