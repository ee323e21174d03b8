"""Child processes that never outlive the workflow, and locks that give a device to one run at a time."""

import contextlib
import fcntl
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

import psutil

from batchscope.common.errors import UserError
from batchscope.common.periodic import repeating
from batchscope.common.processes import gone

GRACE_S = 5.0
"""Seconds between asking a process group to end and killing it."""


class TimedOutError(Exception):
    """The child ran longer than allowed and was stopped."""


def run_supervised(
    command: Sequence[str],
    log: IO[bytes],
    env: Mapping[str, str],
    timeout_s: float | None,
    follow: psutil.Process | None = None,
) -> int:
    """Run a command in a process group of its own and return its exit status (negative: the signal).

    The whole group has ended when this returns. It is also killed when this process ends in any other way,
    SIGKILL included (`run_when_we_end`), and when the process ``follow`` has ended, by default the Snakemake
    that started us.

    Raises:
        TimedOutError: ``timeout_s`` seconds have passed.
    """
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=dict(env),
        start_new_session=True,
    )
    with _ending(child):  # an interrupt may come before all the watchers are in place
        above = follow or snakemake_above()
        with (
            run_when_we_end('kill -s KILL -- "-$1"', str(child.pid)),
            _signals_reach(child.pid),
            _following(above, child.pid),
            _ending(child),
        ):
            try:
                return child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                raise TimedOutError(f"stopped after {timeout_s:.0f} s") from None


@contextlib.contextmanager
def _ending(child: subprocess.Popen[bytes]) -> Iterator[None]:
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
def _following(above: psutil.Process | None, group: int) -> Iterator[None]:
    """End the group when the process ``above`` has ended: a killed Snakemake leaves its jobs running."""

    def watch(done: threading.Event) -> None:
        if above is not None and gone(above):
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


@contextlib.contextmanager
def device_lock(device: str, count: int) -> Iterator[list[str]]:
    """Hold ``count`` GPUs, or the CPU, so that no two runs on this machine are timed at once.

    Yields the GPUs held, as CUDA_VISIBLE_DEVICES names them (none for the CPU). The locks are the kernel's:
    they are free as soon as the holder is gone. Where a scheduler or the user hands out GPUs in
    CUDA_VISIBLE_DEVICES, only those are taken.

    Raises:
        UserError: this machine has fewer GPUs.
    """
    candidates = ["cpu"] if device == "cpu" else _visible_gpus()
    if len(candidates) < count:
        raise UserError(
            f"the run needs {count} GPU(s) and this process sees {len(candidates)}; run it where there are "
            "more, or set engine.environment: cpu"
        )
    told = False
    while True:
        with contextlib.ExitStack() as held:
            taken: list[str] = []
            for name in candidates:
                if len(taken) < count and (file := _try_lock(name)) is not None:
                    held.enter_context(file)
                    taken.append(name)
            if len(taken) == count:
                yield [] if device == "cpu" else taken
                return
        if not told:
            print(f"waiting: another run holds the {device} device ({_holders(candidates)})", flush=True)
            told = True
        time.sleep(0.5)


def device_is_free(device: str, count: int) -> bool:
    """Whether `device_lock` would get ``count`` GPUs, or the CPU, without waiting, at this moment."""
    candidates = ["cpu"] if device == "cpu" else _visible_gpus()
    with contextlib.ExitStack() as held:
        files = [file for file in map(_try_lock, candidates) if file is not None]
        for file in files:
            held.enter_context(file)
        return len(files) >= count


def _visible_gpus(devices: Path = Path("/dev")) -> list[str]:
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return [part.strip() for part in given.split(",") if part.strip()]
    # CUDA counts from 0 what it sees: in a container with the host's /dev/nvidia5 alone, that is GPU 0
    return [str(number) for number, _ in enumerate(devices.glob("nvidia[0-9]*"))]


def _lock_path(name: str) -> Path:
    return Path(tempfile.gettempdir()) / f"vllm-batchscope-{_number_on_machine(name)}.lock"


def _number_on_machine(name: str) -> str:
    """A GPU's number among all GPUs of the machine: in Slurm each allocation may count its own from 0."""
    visible = _visible_gpus()
    for variable in ("SLURM_STEP_GPUS", "SLURM_JOB_GPUS"):
        numbers = list(filter(None, os.environ.get(variable, "").split(",")))
        if name in visible and len(numbers) == len(visible):
            return numbers[visible.index(name)]
    return name


def _try_lock(name: str) -> IO[str] | None:
    path = _lock_path(name)
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+")
    with contextlib.suppress(PermissionError):
        path.chmod(0o666)  # the umask would lock other users out for good
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    file.truncate(0)
    file.write(f"pid {os.getpid()} in {Path.cwd()}")
    file.flush()
    return file


def _holders(names: Sequence[str]) -> str:
    texts = []
    for name in names:
        with contextlib.suppress(OSError):
            texts.append(_lock_path(name).read_text())
    return "; ".join(text for text in texts if text) or "unknown"
