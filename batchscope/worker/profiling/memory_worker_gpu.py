"""vLLM's worker on a GPU that notes what takes memory; the engine builds it from its name (``worker_cls``).

All sizes are bytes of the worker's own device. `torch.cuda.memory_stats` counts what tensors hold.
``reserved`` is what PyTorch's allocator has taken from the device for them. ``used`` is all that the device
has given out: CUDA's context and libraries take memory without the allocator.
"""

import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from vllm.v1.worker.gpu_worker import Worker

from batchscope.worker.profiling.tensor_bytes import bytes_of, tensors_in

ENTRIES = 100_000
"""Latest entries that the allocator's history keeps; with their stacks some 40 MB. Capturing CUDA graphs can
fill it, so the history so far is saved before that begins."""

START = "start.pickle"


class MemoryWorker(Worker):  # type: ignore[misc]
    """Notes sizes at the moments at which they are known; `memory_figures` returns them."""

    def load_model(self, *args: Any, **kwargs: Any) -> None:
        """Start the allocator's history and load the model."""
        self.noted: dict[str, int] = {}
        self.moments: dict[str, float] = {}
        torch.cuda.memory._record_memory_history(max_entries=ENTRIES, stacks="python")
        self.note_moment("weights")
        super().load_model(*args, **kwargs)

    def determine_available_memory(self) -> int:
        """Let vLLM size the KV cache, and note the peak of the dummy step that it does this with."""
        self.note_moment("profile run")
        self.model_runner.profile_run = self._with_peak(self.model_runner.profile_run)
        available: int = super().determine_available_memory()
        return available

    def initialize_from_config(self, *args: Any, **kwargs: Any) -> None:
        """Allocate the KV cache."""
        self.note_moment("KV cache")
        super().initialize_from_config(*args, **kwargs)

    def compile_or_warm_up_model(self) -> Any:
        """Compile, tune and capture CUDA graphs, and note what they take; first save the history so far."""
        self.note_moment("CUDA graphs")
        if self.rank == 0:
            snapshot = torch.cuda.memory._snapshot()
            self.before_graphs = {name: snapshot[name] for name in ("segments", "device_traces")}
        self.model_runner.capture_model = self._with_growth(self.model_runner.capture_model)
        done = super().compile_or_warm_up_model()
        self.note_moment("warm-up")
        return done

    def note_moment(self, name: str) -> None:
        """Note the time at which something begins, on the clock of the allocator's history."""
        self.moments[name] = time.time()

    def write_snapshot(self, path: str) -> None:
        """Write the allocator's state and history to ``path``, on the first rank only, and end the history.

        `START`, beside it, gets both as they were before CUDA graphs.
        """
        torch.cuda.synchronize()
        if self.rank == 0:
            snapshots = {
                Path(path): torch.cuda.memory._snapshot(),
                Path(path).with_name(START): self.before_graphs,
            }
            for place, snapshot in snapshots.items():
                with place.open("wb") as file:
                    pickle.dump(snapshot, file)
        torch.cuda.memory._record_memory_history(enabled=None)

    def watch_peak(self) -> None:
        """Start to count the peak from here on, and note what tensors hold now."""
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        self.noted["resting"] = torch.cuda.memory_allocated()

    def memory_figures(self) -> dict[str, Any]:
        """All sizes in bytes, those noted before and those of now, and the noted moments."""
        torch.cuda.synchronize()
        free, total = torch.cuda.mem_get_info()
        segments = torch.cuda.memory_snapshot()
        pools = [each for each in segments if tuple(each.get("segment_pool_id", ())) not in ((), (0, 0))]
        return {
            **self.noted,
            "weights": bytes_of(self.get_model().parameters()),
            "kv_cache": bytes_of(tensors_in(self.model_runner.kv_caches)),
            "peak": torch.cuda.max_memory_allocated(),
            "graph_pools": sum(each["total_size"] for each in pools),
            "graph_pools_allocated": sum(each["allocated_size"] for each in pools),
            "reserved": torch.cuda.memory_reserved(),
            "used": total - free,
            "total": total,
            "before": total - self.init_snapshot.free_memory,
            "moments": self.moments,
        }

    def _with_peak(self, profile_run: Callable[..., Any]) -> Callable[..., Any]:
        """Note the peak of the largest dummy step, by which vLLM decides how large the KV cache can be."""

        def watched(*args: Any, **kwargs: Any) -> Any:
            torch.cuda.reset_peak_memory_stats()
            result = profile_run(*args, **kwargs)
            torch.cuda.synchronize()
            self.noted["profile_run"] = torch.cuda.max_memory_allocated() - torch.cuda.memory_allocated()
            return result

        return watched

    def _with_growth(self, capture_model: Callable[..., Any]) -> Callable[..., Any]:
        """Note how much capturing CUDA graphs takes outside the allocator: the driver's part of them."""

        def watched(*args: Any, **kwargs: Any) -> Any:
            before = self._outside()
            result = capture_model(*args, **kwargs)
            self.noted["graph_driver"] = max(self._outside() - before, 0)
            return result

        return watched

    @staticmethod
    def _outside() -> int:
        """Bytes of the device that did not go through PyTorch's allocator."""
        torch.cuda.synchronize()
        free, total = torch.cuda.mem_get_info()
        return int(total - free - torch.cuda.memory_reserved())
