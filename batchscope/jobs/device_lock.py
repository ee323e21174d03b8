"""Devices that one run has at a time, among all workflows on this machine."""

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from batchscope.common.errors import UserError

DEVICES = Path("/dev")


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


def _visible_gpus(devices: Path = DEVICES) -> list[str]:
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


def visible_devices() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    return _visible_gpus()
