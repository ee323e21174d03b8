"""A worker on a GPU for Nsight Systems: vLLM's own, whose capture ends after the kernels of its steps."""

from typing import Any

import torch
from vllm.profiler.wrapper import CudaProfilerWrapper
from vllm.v1.worker.gpu_worker import Worker


class WholeStepsProfiler(CudaProfilerWrapper):  # type: ignore[misc]
    """vLLM's profiler; the step that stops it is prepared while those before may still run."""

    def _stop(self) -> None:
        torch.cuda.synchronize()  # as PyTorch's profiler does
        super()._stop()


class WholeStepsWorker(Worker):  # type: ignore[misc]
    """vLLM's worker with that profiler."""

    profiler: Any

    def profile(self, *args: Any, **kwargs: Any) -> None:
        """Start or stop it."""
        if not isinstance(self.profiler, WholeStepsProfiler):  # some versions bring their own
            self.profiler = WholeStepsProfiler(self.profiler_config)
        super().profile(*args, **kwargs)
