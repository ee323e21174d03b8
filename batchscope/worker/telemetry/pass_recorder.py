"""Puts the records of a run together: the engine's steps, and samples of the hardware."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from batchscope.common.schemas import Sample
from batchscope.worker.telemetry.hardware import Probe, energy, sampling
from batchscope.worker.telemetry.steps import StepFile


class Instruments:
    """What watches an engine from its start to its end: the file of its steps, and the hardware's probe.

    ``prefix``, where the engine may share one: takes `batchscope.worker.telemetry.shared_prefix`'s counts.
    """

    def __init__(self, steps: Path, probe: Probe, prefix: Callable[[], dict[str, int]] | None = None) -> None:
        self.steps = StepFile(steps)
        self.probe = probe
        self.prefix = prefix


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
        if self._instruments.prefix:
            self._instruments.prefix()  # what came before is not counted
        return sampling(self._instruments.probe, self._samples)

    def keep(self, repeat: int, start: float, seconds: float) -> dict[str, Any]:
        """Keep the records of a pass.

        Returns its steps (number) and energy (J), null where not recorded, and ``shared_prefix``, the counts
        of an engine that may share one.
        """
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
        shared = {"shared_prefix": self._instruments.prefix()} if self._instruments.prefix else {}
        return {"steps": len(rows), "energy_j": energy(self._samples, seconds), **shared}


def _counted_from(row: dict[str, Any], start: float, *times: str) -> dict[str, float]:
    return {name: row[name] - start for name in times}
