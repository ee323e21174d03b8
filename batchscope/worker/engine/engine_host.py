"""A started engine that runs are measured on, one after the other."""

import time
from collections.abc import Callable
from typing import Any

import psutil
from vllm import LLM

from batchscope.worker.engine.measure_run import measure_run
from batchscope.worker.telemetry.pass_recorder import Instruments, Telemetry
from batchscope.worker.telemetry.sparse_layers import Counts


class EngineHost:
    """A started engine and its age, as `batchscope.worker.job_socket` takes it."""

    def __init__(
        self,
        llm: LLM,
        start_seconds: float,
        instruments: Instruments | None,
        sparse_layers: Counts | None = None,
    ) -> None:
        self.llm = llm
        self.instruments = instruments
        self.start_seconds = start_seconds
        self.sparse_layers = sparse_layers
        """of a model that is to run through 2:4 kernels"""
        self.started = time.monotonic()
        self.runs = 0
        self.processes = _processes_of_vllm()

    def measure(self, job: dict[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
        """Measure one run; its files go into the job's folder.

        Args:
            job: As `batchscope.worker.engine.measure_run.measure_run` takes it.
            tell: Called with each line of progress.

        Returns:
            What measurement.json says of what was measured; see docs/files.md.
        """
        engine: dict[str, Any] = {
            "start_s": self.start_seconds,
            "reused": self.runs > 0,
            "runs_before": self.runs,
            "age_s": time.monotonic() - self.started,
        }
        result = measure_run(self.llm, job, Telemetry(self.instruments), tell)
        self.runs += 1
        engine["resolved"] = result.pop("resolved")
        if self.sparse_layers is not None:
            engine["sparse_layers"] = self.sparse_layers
        return {**result, "engine": engine}


def _processes_of_vllm() -> list[psutil.Process]:
    """Engine cores and workers among our children, found by the title that vLLM gives them."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "VLLM::" in " ".join(child.cmdline())]
