"""Puts the records of a run together: the engine's steps, and samples of the hardware."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from batchscope.common.schemas import Sample
from batchscope.worker.telemetry.hardware import Probe, energy, sampling
from batchscope.worker.telemetry.steps import StepFile


class Instruments:
    """What watches an engine from its start to its end: the file of its steps, and the hardware's probe."""

    def __init__(self, steps: Path, probe: Probe) -> None:
        self.steps = StepFile(steps)
        self.probe = probe


class Telemetry:
    """Records of the timed passes of one run; empty where there are no instruments."""

    def __init__(self, instruments: Instruments | None) -> None:
        self._instruments = instruments
        self._samples: list[Sample] = []
        self.steps: list[dict[str, Any]] = []
        """Rows of steps.parquet"""
        self.hardware: list[Sample] = []
        """Rows of hardware.parquet"""

    def computing(self) -> list[str] | None:
        """UUIDs of the GPUs that the engine is on; None on CPU, and where nobody tells."""
        return None if self._instruments is None else self._instruments.probe.computing()

    def watching(self) -> AbstractContextManager[object]:
        """Samples the hardware while a pass is timed; earlier passes' steps are left out."""
        self._samples = []
        if self._instruments is None:
            return nullcontext()
        self._instruments.steps.skip()
        return sampling(self._instruments.probe, self._samples)

    def keep(self, repeat: int, start: float, seconds: float) -> dict[str, Any]:
        """Keep the records of a pass; returns its steps (number) and energy (J), null where not recorded."""
        if self._instruments is None:
            return {"steps": None, "energy_j": None}
        rows = [
            {"repeat": repeat, "step": step, **row, **_counted_from(row, start, "scheduled_s", "finished_s")}
            for step, row in enumerate(self._instruments.steps.rows())
        ]
        self.steps += rows
        self.hardware += [
            {"repeat": repeat, **sample, **_counted_from(sample, start, "time_s")} for sample in self._samples
        ]
        return {"steps": len(rows), "energy_j": energy(self._samples, seconds)}


def _counted_from(row: dict[str, Any], start: float, *times: str) -> dict[str, float]:
    return {name: row[name] - start for name in times}
