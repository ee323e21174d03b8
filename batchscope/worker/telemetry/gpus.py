"""The GPUs that this process may use, as NVML describes and samples them."""

import os
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from batchscope.common.nvml import Handle, Nvml, open_nvml
from batchscope.common.schemas import Sample
from batchscope.common.visible_gpus import Visible, visible

Users = Mapping[str, set[int] | None]
"""Processes on each GPU, by its UUID; None where the driver does not tell."""


def visible_gpus(nvml: Nvml) -> list[Visible]:
    """What CUDA sees in this process, in its order."""
    return visible(os.environ.get("CUDA_VISIBLE_DEVICES"), nvml.gpus())


def describe_gpu(nvml: Nvml, device: Visible) -> dict[str, Any]:
    """Kind, memory, driver and power limits of a GPU; a value is null where NVML does not tell it."""
    handle = nvml.handle(device)
    memory = nvml.ask("nvmlDeviceGetMemoryInfo", of=(handle,))
    return {
        "name": nvml.text("nvmlDeviceGetName", (handle,)) or UNKNOWN,
        "memory_bytes": None if memory is None else memory.total,
        "driver": nvml.text("nvmlSystemGetDriverVersion"),
        "power_limit_w": _thousandths(nvml.ask("nvmlDeviceGetPowerManagementLimit", of=(handle,))),
        "power_limit_default_w": _thousandths(
            nvml.ask("nvmlDeviceGetPowerManagementDefaultLimit", of=(handle,))
        ),
    }


UNKNOWN = "unknown GPU"
"""Stands for a GPU's name where NVML does not tell it."""


def unknown_gpu() -> dict[str, Any]:
    """The same where there is no NVML."""
    values = ("memory_bytes", "driver", "power_limit_w", "power_limit_default_w")
    return {"name": UNKNOWN, **dict.fromkeys(values)}


def _thousandths(value: int | None) -> float | None:
    return None if value is None else value / 1000


class GpuProbe:
    """Samples the GPUs of a started engine."""

    def __init__(self, nvml: Nvml, engine: set[int], others_before: set[int]) -> None:
        self._nvml = nvml
        self._devices = visible_gpus(nvml)
        self._handles = {device: nvml.handle(device) for device in self._devices}
        self._engine, self._others_before = engine, others_before
        listed = _together(map(nvml.users, self._handles.values()))
        self._own = own_processes(listed, engine, others_before)

    def sample(self) -> list[Sample]:
        """One row a GPU; a value is null where the GPU or its driver does not give it."""
        return [self._sample(device, handle) for device, handle in self._handles.items()]

    def computing(self) -> list[str] | None:
        """UUIDs of the GPUs that the engine's processes are on now; None where the driver does not tell."""
        sampled = [device.uuid for device in self._devices if device.uuid]
        return computing(users_by_gpu(self._nvml, self._devices), sampled, self._engine, self._others_before)

    def _sample(self, device: Visible, gpu: Handle) -> Sample:
        ask, of = self._nvml.ask, (gpu,)
        rates, memory = ask("nvmlDeviceGetUtilizationRates", of=of), ask("nvmlDeviceGetMemoryInfo", of=of)
        users = self._nvml.users(gpu)
        return {
            "time_s": time.monotonic(),
            "gpu": device.number,
            "utilization": None if rates is None else rates.gpu / 100,
            "memory_used_bytes": None if memory is None else memory.used,
            "power_w": _thousandths(ask("nvmlDeviceGetPowerUsage", of=of)),
            "energy_j": _thousandths(ask("nvmlDeviceGetTotalEnergyConsumption", of=of)),
            "sm_clock_mhz": self._clock(gpu, "NVML_CLOCK_SM"),
            "memory_clock_mhz": self._clock(gpu, "NVML_CLOCK_MEM"),
            "temperature_c": ask(
                "nvmlDeviceGetTemperature", of=(gpu, self._nvml.constant("NVML_TEMPERATURE_GPU"))
            ),
            "clock_event_reasons": ask(
                "nvmlDeviceGetCurrentClocksEventReasons",
                "nvmlDeviceGetCurrentClocksThrottleReasons",  # its name before driver 535
                of=of,
            ),
            "foreign_processes": None if users is None else len(users - self._own),
        }

    def _clock(self, gpu: Handle, clock: str) -> Any:
        return self._nvml.ask("nvmlDeviceGetClockInfo", of=(gpu, self._nvml.constant(clock)))


def own_processes(listed: set[int], engine: set[int], others_before: set[int]) -> set[int]:
    """The engine's processes under the ids that the driver uses.

    In a container the driver may use the host's ids. The engine's processes are then those that came to the
    GPUs while it started.

    Args:
        listed: Processes on the GPUs, as the driver numbers them.
        engine: The engine's processes, as this process numbers them.
        others_before: Processes on the GPUs before the engine started.
    """
    return engine if listed & engine else listed - others_before


def computing(
    users: Users, sampled: Collection[str], engine: set[int], others_before: set[int]
) -> list[str] | None:
    """UUIDs of the GPUs that the engine is on; None where the driver does not tell.

    Args:
        users: Processes on each GPU of the machine.
        sampled: UUIDs of the GPUs that it should be on.
        engine: Its processes, as this process numbers them.
        others_before: Processes on any GPU before it started.
    """
    known = {uuid: listed for uuid, listed in users.items() if listed is not None}
    named = [uuid for uuid, listed in known.items() if listed & engine]
    came = [uuid for uuid, listed in known.items() if listed - others_before]
    may_be_there = bool(sampled) and set(sampled) <= set(came)
    if named and (set(sampled) <= set(named) or not may_be_there):
        return named
    # In a container the driver may use the host's ids, and one of ours may be a stranger's there. Then those
    # that came meanwhile are meant. On GPUs that it should not be on, a newcomer may be a stranger too, so
    # that says something only where there is none on its own.
    return list(sampled) if may_be_there else came or None


def users_by_gpu(nvml: Nvml, devices: Iterable[Visible]) -> dict[str, set[int] | None]:
    """Processes on these devices, and on each other GPU of the machine."""
    seen = list(devices)
    known = {device.number for device in seen}
    seen += [Visible(str(gpu.number), gpu.uuid, gpu.number) for gpu in nvml.gpus() if gpu.number not in known]
    return {device.uuid: nvml.users(nvml.handle(device)) for device in seen if device.uuid}


def all_users() -> set[int]:
    """Processes that are on any GPU of the machine now."""
    nvml = open_nvml()
    return set() if nvml is None else _together(users_by_gpu(nvml, ()).values())


def _together(users: Iterable[set[int] | None]) -> set[int]:
    return set().union(*(each or () for each in users))
