"""A worker on CPU for Nsight Systems: vLLM draws its NVTX ranges on a GPU alone."""

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
    """Draws ranges; when to start and to stop is vLLM's to say."""

    def _start(self) -> None:
        self._window = nvtx.start_range(WINDOW, domain=DOMAIN)

    def _stop(self) -> None:
        nvtx.end_range(self._window)

    @contextmanager
    def annotate_context_manager(self, name: str) -> Iterator[None]:
        """The range of a step, and those of its operators."""
        with nvtx.annotate(name), Operators():
            yield


class MarkingWorker(CPUWorker):  # type: ignore[misc]
    """vLLM's worker on CPU, with that profiler in place of PyTorch's."""

    profiler: Any

    def profile(self, *args: Any, **kwargs: Any) -> None:
        """Start or stop it."""
        if self.profiler is None:
            self.profiler = NvtxProfiler(self.profiler_config)
        super().profile(*args, **kwargs)

    def sample_tokens(self, *args: Any, **kwargs: Any) -> Any:
        """Lies behind the step's range."""
        with Operators() if self.profiler and self.profiler.is_running else nullcontext():
            return super().sample_tokens(*args, **kwargs)
