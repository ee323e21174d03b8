"""The GPUs that this process may use, through NVML, which makes no CUDA context.

NVML stays open until the process ends.
"""

import os
import time
from typing import Any

import pynvml

from batchscope.common.schemas import Sample

Gpu = Any
"""An NVML device handle."""


def visible_gpus() -> list[Gpu]:
    """Handles in the order of CUDA_VISIBLE_DEVICES; all GPUs where it is unset."""
    pynvml.nvmlInit()
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is None:
        return [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
    return [_handle(name.strip()) for name in given.split(",") if name.strip()]


def _handle(name: str) -> Gpu:
    if name.isdigit():
        return pynvml.nvmlDeviceGetHandleByIndex(int(name))
    return pynvml.nvmlDeviceGetHandleByUUID(name)


def compute_processes(gpu: Gpu) -> set[int] | None:
    """Process ids with a CUDA context on a GPU; None where the driver does not tell."""
    found = ask_nvml(pynvml.nvmlDeviceGetComputeRunningProcesses, gpu)
    return None if found is None else {process.pid for process in found}


def ask_nvml(question: Any, *args: Any) -> Any:
    """An NVML function's answer; None where this GPU or driver has none."""
    try:
        return question(*args)
    except pynvml.NVMLError:
        return None


class GpuProbe:
    """Samples the GPUs of a started engine."""

    def __init__(self, gpus: list[Gpu], engine: set[int], others_before: set[int]) -> None:
        self._gpus = gpus
        self._own = own_processes(gpus, engine, others_before)

    def sample(self) -> list[Sample]:
        """One row a GPU; a value is null where the GPU or its driver does not give it."""
        return [self._sample(gpu) for gpu in self._gpus]

    def _sample(self, gpu: Gpu) -> Sample:
        energy = ask_nvml(pynvml.nvmlDeviceGetTotalEnergyConsumption, gpu)
        power = ask_nvml(pynvml.nvmlDeviceGetPowerUsage, gpu)
        rates = ask_nvml(pynvml.nvmlDeviceGetUtilizationRates, gpu)
        memory = ask_nvml(pynvml.nvmlDeviceGetMemoryInfo, gpu)
        processes = compute_processes(gpu)
        return {
            "time_s": time.monotonic(),
            "gpu": ask_nvml(pynvml.nvmlDeviceGetIndex, gpu),
            "utilization": rates and rates.gpu / 100,
            "memory_used_bytes": memory and memory.used,
            "power_w": power and power / 1000,
            "energy_j": energy and energy / 1000,
            "sm_clock_mhz": ask_nvml(pynvml.nvmlDeviceGetClockInfo, gpu, pynvml.NVML_CLOCK_SM),
            "memory_clock_mhz": ask_nvml(pynvml.nvmlDeviceGetClockInfo, gpu, pynvml.NVML_CLOCK_MEM),
            "temperature_c": ask_nvml(pynvml.nvmlDeviceGetTemperature, gpu, pynvml.NVML_TEMPERATURE_GPU),
            "clock_event_reasons": ask_nvml(pynvml.nvmlDeviceGetCurrentClocksEventReasons, gpu),
            "foreign_processes": None if processes is None else len(processes - self._own),
        }


def own_processes(gpus: list[Gpu], engine: set[int], others_before: set[int]) -> set[int]:
    """The engine's processes under the ids that the driver uses.

    In a container the driver may use the host's ids. The engine's processes are then those that came to the
    GPUs while it started.
    """
    listed = users_of(gpus)
    return engine if listed & engine else listed - others_before


def users_of(gpus: list[Gpu]) -> set[int]:
    """Processes that are on any of the GPUs now."""
    return set().union(*(compute_processes(gpu) or () for gpu in gpus))
