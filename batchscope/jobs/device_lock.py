"""Devices that one run has at a time, among all workflows on this machine."""

import contextlib
import fcntl
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from batchscope.common.errors import UserError
from batchscope.common.nvml import Nvml, open_nvml
from batchscope.common.visible_gpus import Gpu, Visible, taken_on_trust, visible

DEVICES = Path("/dev")

CPU = Visible("cpu")
"""Stands for the processor among devices that are locked."""

CORE_SETS = "BATCHSCOPE_CORE_SETS"
"""Names the variable with the configuration's sets of cores, as JSON; not set: all cores are one device."""

SHOWN = 300
"""Characters of a lock file, at most, that a message repeats: anybody may write into it."""


@contextlib.contextmanager
def device_lock(device: str, count: int) -> Iterator[list[Visible]]:
    """Hold ``count`` GPUs, or the CPU, so that no two runs on this machine are timed at once.

    Yields the GPUs held, or the set of cores; nothing for the whole CPU. The locks are the kernel's: they are
    free as soon as the holder is gone. Where a scheduler or the user hands out GPUs in CUDA_VISIBLE_DEVICES,
    only those are taken.

    Raises:
        UserError: this machine has fewer GPUs, or a lock file cannot be used.
    """
    candidates = _candidates(device)
    if len(candidates) < count:
        raise UserError(_too_few(device, count, candidates))
    told = False
    while True:
        with contextlib.ExitStack() as held:
            taken: list[Visible] = []
            for each in candidates:
                if len(taken) < count and (files := _try_locks(each)) is not None:
                    held.enter_context(files)
                    taken.append(each)
            if len(taken) == count:
                yield [each for each in taken if each != CPU]
                return
        if not told:
            print(f"waiting: another run holds the {device} device ({_holders(candidates)})", flush=True)
            told = True
        time.sleep(0.5)


def device_is_free(device: str, count: int) -> bool:
    """Whether `device_lock` would get ``count`` GPUs, or the CPU, without waiting, at this moment."""
    with contextlib.ExitStack() as held:
        found = [files for files in map(_try_locks, _candidates(device)) if files is not None]
        for files in found:
            held.enter_context(files)
        return len(found) >= count


def gpus_in_reach(nvml: Nvml | None, devices: Path = DEVICES) -> list[Visible]:
    """The GPUs that CUDA would see in this process; see `batchscope.common.visible_gpus`.

    Args:
        nvml: None: there is none.
        devices: The folder of device files, which tell how many GPUs there are where NVML does not.
    """
    setting = os.environ.get("CUDA_VISIBLE_DEVICES")
    if nvml is not None:
        return visible(setting, nvml.gpus())
    if setting is not None:
        return taken_on_trust(setting)
    # CUDA counts from 0 what it sees: in a container with the host's /dev/nvidia5 alone, that is GPU 0
    return visible(None, [Gpu(number) for number, _ in enumerate(devices.glob("nvidia[0-9]*"))])


def _candidates(device: str) -> list[Visible]:
    return processors() if device == "cpu" else gpus_in_reach(open_nvml())


def processors() -> list[Visible]:
    """The sets of cores that runs on CPU may have, one each; without such sets, the processor."""
    sets = json.loads(os.environ.get(CORE_SETS, "[]"))
    return [Visible(",".join(map(str, cores)), cores=tuple(cores)) for cores in sets] or [CPU]


def _too_few(device: str, count: int, seen: Sequence[Visible]) -> str:
    if device == "cpu":
        return f"the run needs {count} sets of cores, and there are {len(seen)}; name more in core_sets"
    setting = os.environ.get("CUDA_VISIBLE_DEVICES")
    limit = "" if setting is None else f" (CUDA_VISIBLE_DEVICES is '{setting}')"
    return (
        f"the run needs {count} GPU(s) and CUDA sees {len(seen)} here{limit}; run it where there are "
        "more, or set engine.environment: cpu"
    )


def _lock_path(device: Visible) -> Path:
    return Path(tempfile.gettempdir()) / f"vllm-batchscope-{_name_on_machine(device)}.lock"


def _name_on_machine(device: Visible) -> str:
    """What tells a GPU from all others of the machine.

    Its number does not: containers, and on Slurm each allocation, may count theirs from 0.
    """
    if device.uuid is not None:
        return device.uuid.replace("/", "_")  # the UUIDs of slices held some, before driver 470
    if device.name.isdigit():
        for variable in ("SLURM_STEP_GPUS", "SLURM_JOB_GPUS"):
            numbers = list(filter(None, os.environ.get(variable, "").split(",")))
            given = taken_on_trust(os.environ.get("CUDA_VISIBLE_DEVICES", ""))
            if device in given and len(numbers) == len(given):
                return numbers[given.index(device)]
    return device.name.replace("/", "_")


def _try_locks(device: Visible) -> contextlib.ExitStack | None:
    """The device's lock files, locked; None where another process holds one.

    Each core has one. Who has some of them shares the processor's, which who has it whole holds alone.
    """
    with contextlib.ExitStack() as held:
        for each in _locked_with(device):
            if (file := _try_lock(each, shared=bool(device.cores) and each == CPU)) is None:
                return None
            held.enter_context(file)
        return held.pop_all()


def _locked_with(device: Visible) -> list[Visible]:
    return [CPU, *(Visible(f"core-{core}") for core in device.cores)] if device.cores else [device]


def _try_lock(device: Visible, shared: bool) -> IO[str] | None:
    """A lock file, locked; None where another process holds it."""
    path = _lock_path(device)
    file = _open_for_locking(path)
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    if file.writable() and not shared:
        file.truncate(0)
        file.write(f"pid {os.getpid()} in {Path.cwd()}")
        file.flush()
    return file


def _open_for_locking(path: Path) -> IO[str]:
    """A lock file, made if it is not there, for all users of the machine.

    Raises:
        UserError: something else lies at its place, or it belongs to another user who does not share it.
    """
    try:
        descriptor = _open_or_make(path)
    except OSError as error:
        raise UserError(
            f"{path}: the lock of a device cannot be opened ({error.strerror}); remove it when no run is "
            "going on, or ask its owner to, or set TMPDIR to a folder that all users of this machine share"
        ) from None
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1:
        os.close(descriptor)
        raise UserError(f"{path}: is a link or no plain file, and a run's lock must be one; remove it")
    writable = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR
    return os.fdopen(descriptor, "r+" if writable else "r")


def _open_or_make(path: Path) -> int:
    """Open a file and never follow a link, which could lead to any file of the user's.

    Where fs.protected_regular is on, a file of another user in /tmp cannot be opened by a call that would
    make it (O_CREAT). So one that is there is opened without, and one that is not is made (O_EXCL).
    """
    flags = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    with contextlib.suppress(FileNotFoundError):
        return _open(path, flags)
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, flags | os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        os.fchmod(descriptor, 0o666)  # the umask would lock other users out for good
        return descriptor
    return _open(path, flags)  # another process made it just now


def _open(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_RDWR)
    except PermissionError:
        return os.open(path, flags | os.O_RDONLY)  # enough for a lock


def _holders(devices: Sequence[Visible]) -> str:
    texts = []
    for device in (each for one in devices for each in _locked_with(one)):
        with contextlib.suppress(OSError, UserError), _open_for_locking(_lock_path(device)) as file:
            texts.append(file.read(SHOWN))
    return "; ".join(text for text in texts if text) or "unknown"
