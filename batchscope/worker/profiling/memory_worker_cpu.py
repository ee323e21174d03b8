"""vLLM's worker on CPU, noting what takes memory; the engine builds it from its name (``worker_cls``).

There is no allocator to ask: sizes are those of tensors, and what the process has resident.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
from vllm.model_executor.model_loader import base_loader
from vllm.v1.worker.cpu_worker import CPUWorker

from batchscope.worker.profiling.tensors import bytes_of, tensors_in


class MemoryWorker(CPUWorker):  # type: ignore[misc]
    """Gives out the same figures as the GPU's, as far as there are such."""

    def load_model(self, *args: Any, **kwargs: Any) -> None:
        """Load, and weigh."""
        with self._weighing():
            super().load_model(*args, **kwargs)

    def note_moment(self, name: str) -> None:
        """Of use to a history of allocations alone."""

    def write_snapshot(self, path: str) -> None:
        """There is no allocator that would have one."""

    def watch_peak(self) -> None:
        """No peak is known: what is freed stays with the process or not, as the C library sees fit."""

    def memory_figures(self) -> dict[str, Any]:
        """Bytes of weights and KV cache, and what is resident."""
        return {
            "weights": self.weights,
            "kv_cache": bytes_of(tensors_in(self.model_runner.kv_caches)),
            "used": psutil.Process().memory_info().rss,
            "total": psutil.virtual_memory().total,
        }

    @contextmanager
    def _weighing(self) -> Iterator[None]:
        """Weighs the parameters as they are loaded: oneDNN then packs matrices where nobody sees them."""
        process = base_loader.process_weights_after_loading

        def weighed(model: Any, *args: Any, **kwargs: Any) -> Any:
            self.weights = bytes_of(model.parameters())
            return process(model, *args, **kwargs)

        base_loader.process_weights_after_loading = weighed
        try:
            yield
        finally:
            base_loader.process_weights_after_loading = process
