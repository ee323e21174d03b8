"""Samples of the hardware during a timed window, on the same clock as the engine's steps."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import psutil

from batchscope.common.energy_counter import ENERGY_FROM_S, Reading
from batchscope.common.nvml import open_nvml
from batchscope.common.repeating_thread import repeating
from batchscope.common.schemas import Sample
from batchscope.worker.telemetry.gpus import GpuProbe, all_users

INTERVAL_S = 0.1
TICKS_S = 0.1
"""Fewest CPU seconds, over all cores, for a share of them to mean something: they have ticks of 0.01 s."""


class Probe(Protocol):
    """Something that can be sampled."""

    def sample(self) -> list[Sample]:
        """One row for each device."""
        ...

    def computing(self) -> list[str] | None:
        """UUIDs of the GPUs that the engine is on; None on CPU, and where nobody tells."""
        ...


class Blind:
    """The probe of a GPU on a machine without NVML."""

    def sample(self) -> list[Sample]:
        """Nothing is known."""
        return []

    def computing(self) -> None:
        """Nothing is known."""


class CpuProbe:
    """Samples all cores, and how much of them the engine's processes use, since the sample before."""

    def __init__(self, engine: list[psutil.Process]) -> None:
        self._engine = engine
        self._before: dict[str, float] = {}

    def sample(self) -> list[Sample]:
        """One row; shares are of all cores, and null where too little time has passed."""
        times = psutil.cpu_times()
        stolen = getattr(times, "steal", 0.0)
        idle = times.idle + getattr(times, "iowait", 0.0)
        used, resident = self._engine_use()
        total = float(sum(times[:8]))  # user to steal; guest times are in user already
        busy = total - idle - stolen
        now = {"total": total, "utilization": busy, "stolen": stolen, "engine_utilization": used}
        row: Sample = {"time_s": time.monotonic(), "memory_used_bytes": resident}
        before = self._before = self._before or now
        if (passed := now["total"] - before["total"]) >= TICKS_S:
            row |= {name: (now[name] - before[name]) / passed for name in now if name != "total"}
            self._before = now
        return [row]

    def computing(self) -> None:
        """It is on no GPU."""

    def _engine_use(self) -> tuple[float, int]:
        seconds, resident = 0.0, 0
        for process in self._engine:
            try:
                with process.oneshot():
                    seconds += sum(process.cpu_times()[:2])
                    resident += process.memory_info().rss
            except psutil.Error:
                continue  # it is just ending
        return seconds, resident


def users_before(device: str) -> set[int]:
    """Ids of processes on the GPUs before the engine starts; empty on CPU, and where nobody tells."""
    return all_users() if device == "cuda" else set()


def make_probe(device: str, others_before: set[int]) -> Probe:
    """The probe for a started engine, whose processes are this one and its children."""
    me = psutil.Process()
    engine = [me, *me.children(recursive=True)]
    if device == "cuda":
        nvml = open_nvml()
        return Blind() if nvml is None else GpuProbe(nvml, {process.pid for process in engine}, others_before)
    return CpuProbe(engine)


@contextmanager
def sampling(probe: Probe, samples: list[Sample]) -> Iterator[None]:
    """Add samples to the list from another thread: one before the block, ten a second in it, one after it."""
    samples += probe.sample()
    try:
        with repeating(lambda _done: samples.extend(probe.sample()), INTERVAL_S):
            yield
    finally:
        samples += probe.sample()


def energy(samples: list[Sample], seconds: float) -> float | None:
    """Joules that all GPUs took between first and last sample; None on CPU, and for windows under 2 s."""
    if seconds < ENERGY_FROM_S:
        return None
    counters: dict[int, list[float]] = {}
    for sample in samples:
        if sample.get("energy_j") is not None:
            counters.setdefault(sample["gpu"], []).append(sample["energy_j"])
    return sum(counter[-1] - counter[0] for counter in counters.values()) if counters else None


def energy_readings(samples: list[Sample]) -> list[Reading]:
    """What the GPUs' energy counters said, for a window that is shorter than the samples' time."""
    return [
        (each["gpu"], each["time_s"], each["energy_j"])
        for each in samples
        if each.get("energy_j") is not None
    ]
