"""A worker on CPU that draws NVTX ranges for Nsight Systems: vLLM itself draws them only on a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import nvtx
from torch.utils._python_dispatch import TorchDispatchMode
from vllm.profiler.wrapper import WorkerProfiler
from vllm.v1.worker.cpu_worker import CPUWorker

WINDOW, DOMAIN = "window", "batchscope"
"""The range that bounds the capture, and its domain."""


class Operators(TorchDispatchMode):  # type: ignore[misc]
    """Draws a range around each operator, under the name that PyTorch's profiler gives it."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Called in place of an operator."""
        with nvtx.annotate(func._schema.name):
            return func(*args, **(kwargs or {}))


class NvtxProfiler(WorkerProfiler):  # type: ignore[misc]
    """Draws the window's and the steps' ranges; vLLM decides when to start and to stop."""

    draws = False
    """whether the window is open"""

    def _start(self) -> None:
        self._window = nvtx.start_range(WINDOW, domain=DOMAIN)
        self.draws = True

    def _stop(self) -> None:
        self.draws = False
        nvtx.end_range(self._window)

    @contextmanager
    def annotate_context_manager(self, name: str) -> Iterator[None]:
        """Draw the range of a step, and those of its operators."""
        with nvtx.annotate(name), Operators():
            yield


class MarkingWorker(CPUWorker):  # type: ignore[misc]
    """vLLM's worker on CPU, with `NvtxProfiler` in place of PyTorch's profiler."""

    profiler: Any

    def profile(self, *args: Any, **kwargs: Any) -> None:
        """Start or stop the profiler."""
        if not isinstance(self.profiler, NvtxProfiler):  # vLLM 0.26 makes its own as the worker starts
            self.profiler = NvtxProfiler(self.vllm_config.profiler_config)
        super().profile(*args, **kwargs)

    def sample_tokens(self, *args: Any, **kwargs: Any) -> Any:
        """Draw the operators of sampling too, which follow the step's range."""
        drawing = isinstance(self.profiler, NvtxProfiler) and self.profiler.draws
        with Operators() if drawing else nullcontext():
            return super().sample_tokens(*args, **kwargs)
