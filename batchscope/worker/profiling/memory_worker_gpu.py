"""vLLM's worker on a GPU, noting what takes memory; the engine builds it from its name (``worker_cls``).

All sizes are bytes of the worker's own device. `torch.cuda.memory_stats` counts what tensors hold,
``reserved`` is what PyTorch's allocator has taken from the device for them, and ``used`` what the device has
given out to whomever: CUDA's context and libraries take it past the allocator.
"""

import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from vllm.v1.worker.gpu_worker import Worker

from batchscope.worker.profiling.tensors import bytes_of, tensors_in

ENTRIES = 100_000
"""Of the allocator's history, the latest: with their stacks some 40 MB. Capturing CUDA graphs alone can fill
it, so what was before is set aside when that begins."""

START = "start.pickle"


class MemoryWorker(Worker):  # type: ignore[misc]
    """Notes sizes at the moments at which they are known; `memory_figures` gives them out."""

    def load_model(self, *args: Any, **kwargs: Any) -> None:
        """Load; the allocator's history begins."""
        self.noted: dict[str, int] = {}
        self.moments: dict[str, float] = {}
        torch.cuda.memory._record_memory_history(max_entries=ENTRIES, stacks="python")
        self.note_moment("weights")
        super().load_model(*args, **kwargs)

    def determine_available_memory(self) -> int:
        """Let vLLM size the KV cache, and see the peak of the step by which it does."""
        self.note_moment("profile run")
        self.model_runner.profile_run = self._with_peak(self.model_runner.profile_run)
        available: int = super().determine_available_memory()
        return available

    def initialize_from_config(self, *args: Any, **kwargs: Any) -> None:
        """Allocate the KV cache."""
        self.note_moment("KV cache")
        super().initialize_from_config(*args, **kwargs)

    def compile_or_warm_up_model(self) -> Any:
        """Compile, tune and capture CUDA graphs, and see what these take; the history so far is set aside."""
        self.note_moment("CUDA graphs")
        if self.rank == 0:
            snapshot = torch.cuda.memory._snapshot()
            self.before_graphs = {name: snapshot[name] for name in ("segments", "device_traces")}
        self.model_runner.capture_model = self._with_growth(self.model_runner.capture_model)
        done = super().compile_or_warm_up_model()
        self.note_moment("warm-up")
        return done

    def note_moment(self, name: str) -> None:
        """What begins now, on the clock of the allocator's history."""
        self.moments[name] = time.time()

    def write_snapshot(self, path: str) -> None:
        """The allocator's state and history, of the first rank alone; the history ends here.

        Beside it goes `START`: both as they were before CUDA graphs.
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
        """The peak counts from here on."""
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        self.noted["resting"] = torch.cuda.memory_allocated()

    def memory_figures(self) -> dict[str, Any]:
        """All sizes, those noted before and those of now."""
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
        """The dummy step of the largest size, by which vLLM decides how large the KV cache can be."""

        def watched(*args: Any, **kwargs: Any) -> Any:
            torch.cuda.reset_peak_memory_stats()
            result = profile_run(*args, **kwargs)
            torch.cuda.synchronize()
            self.noted["profile_run"] = torch.cuda.max_memory_allocated() - torch.cuda.memory_allocated()
            return result

        return watched

    def _with_growth(self, capture_model: Callable[..., Any]) -> Callable[..., Any]:
        """Capturing CUDA graphs: what grows past the allocator are the driver's own parts of them."""

        def watched(*args: Any, **kwargs: Any) -> Any:
            before = self._outside()
            result = capture_model(*args, **kwargs)
            self.noted["graph_driver"] = max(self._outside() - before, 0)
            return result

        return watched

    @staticmethod
    def _outside() -> int:
        """Device memory that did not go through PyTorch's allocator."""
        torch.cuda.synchronize()
        free, total = torch.cuda.mem_get_info()
        return int(total - free - torch.cuda.memory_reserved())
