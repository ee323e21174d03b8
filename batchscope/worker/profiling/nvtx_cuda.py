"""vLLM's worker on a GPU for Nsight Systems, whose capture ends only after the kernels of its steps."""

from typing import Any

import torch
from vllm.profiler.wrapper import CudaProfilerWrapper
from vllm.v1.worker.gpu_worker import Worker


class WholeStepsProfiler(CudaProfilerWrapper):  # type: ignore[misc]
    """vLLM's profiler, which waits before it stops: the steps before may still run on the GPU."""

    def _stop(self) -> None:
        torch.cuda.synchronize()  # as PyTorch's profiler does
        super()._stop()


class WholeStepsWorker(Worker):  # type: ignore[misc]
    """vLLM's worker on a GPU, with `WholeStepsProfiler`."""

    profiler: Any

    def profile(self, *args: Any, **kwargs: Any) -> None:
        """Start or stop the profiler."""
        if not isinstance(self.profiler, WholeStepsProfiler):  # some versions bring their own
            self.profiler = WholeStepsProfiler(self.vllm_config.profiler_config)
        super().profile(*args, **kwargs)
