"""vLLM's worker on CPU that notes what takes memory; the engine builds it from its name (``worker_cls``).

On CPU PyTorch has no allocator to ask: sizes are those of tensors, and the process's resident memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
from vllm.model_executor.model_loader import base_loader
from vllm.v1.worker.cpu_worker import CPUWorker

from batchscope.worker.profiling.tensor_bytes import bytes_of, tensors_in


class MemoryWorker(CPUWorker):  # type: ignore[misc]
    """Has the methods of the GPU's worker, and those of its figures that exist on CPU."""

    def load_model(self, *args: Any, **kwargs: Any) -> None:
        """Load the model and note the size of its weights."""
        with self._weighing():
            super().load_model(*args, **kwargs)

    def note_moment(self, name: str) -> None:
        """Do nothing: there is no history of allocations."""

    def write_snapshot(self, path: str) -> None:
        """Do nothing: there is no allocator."""

    def watch_peak(self) -> None:
        """Do nothing: the C library may keep freed memory for the process, so no peak is known."""

    def memory_figures(self) -> dict[str, Any]:
        """Bytes: ``weights``, ``kv_cache``, ``used`` (resident in this process), ``total`` (of the host)."""
        return {
            "weights": self.weights,
            "kv_cache": bytes_of(tensors_in(self.model_runner.kv_caches)),
            "used": psutil.Process().memory_info().rss,
            "total": psutil.virtual_memory().total,
        }

    @contextmanager
    def _weighing(self) -> Iterator[None]:
        """Note the parameters' size as they are loaded, before oneDNN packs matrices out of sight."""
        process = base_loader.process_weights_after_loading

        def weighed(model: Any, *args: Any, **kwargs: Any) -> Any:
            self.weights = bytes_of(model.parameters())
            return process(model, *args, **kwargs)

        base_loader.process_weights_after_loading = weighed
        try:
            yield
        finally:
            base_loader.process_weights_after_loading = process
