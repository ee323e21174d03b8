"""The GPUs of this machine, as nvidia-smi tells of them."""

import csv
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from batchscope.common.nvml import open_nvml
from batchscope.jobs.device_lock import gpus_in_reach

FIELDS = ("index", "uuid", "name", "memory.total", "memory.free", "mig.mode.current")

MIB = 1 << 20


@dataclass(frozen=True)
class Gpu:
    """A GPU; sizes in bytes, None where the driver does not tell, or where MIG has divided it."""

    index: str
    uuid: str
    name: str
    total: int | None
    free: int | None


def visible_gpus() -> list[Gpu]:
    """The GPUs that this process may use, as far as the driver tells of them."""
    return chosen([each.name for each in gpus_in_reach(open_nvml())], gpus_from(_asked()))


def chosen(names: Sequence[str], gpus: Sequence[Gpu]) -> list[Gpu]:
    """The GPUs that CUDA_VISIBLE_DEVICES names, by number or UUID; names of other things are left out."""
    found = []
    for name in names:
        by_uuid = [gpu for gpu in gpus if name.startswith("GPU-") and gpu.uuid.startswith(name)]
        found += [gpu for gpu in gpus if gpu.index == name] or by_uuid[:1]
    return found


def gpus_from(text: str) -> list[Gpu]:
    """GPUs from the table that ``nvidia-smi`` prints for `FIELDS`, sizes in MiB; other lines are left out."""
    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    return [_gpu(row) for row in rows if len(row) == len(FIELDS) and row[0].isdigit()]


def _gpu(row: list[str]) -> Gpu:
    index, uuid, name, total, free, mig = row
    sliced = mig == "Enabled"
    return Gpu(index, uuid, name, None if sliced else _bytes(total), None if sliced else _bytes(free))


def _bytes(mebibytes: str) -> int | None:
    return int(mebibytes) * MIB if mebibytes.isdigit() else None


def _asked() -> str:
    """What nvidia-smi prints; nothing where it is not there, or does not answer."""
    command = ["nvidia-smi", f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
