"""What takes a device's memory, line by line, measured and predicted; pure functions of memory.json.

Every byte that is in use is in one line, for the last one is what is left. Sizes are bytes of one GPU, of
several the first; on CPU they are those that the worker's process has resident.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from batchscope.cost.flops import architecture_from
from batchscope.cost.memory import GpuMemory, kv_bytes, kv_capacity, tokens_in, weight_bytes
from batchscope.profiling.window_plan import precision_in

MEMORY_LINES = ("weights", "activations", "KV cache", "CUDA graphs", "other")
NOT_PREDICTED = ("CUDA graphs", "other")
"""No line of the cost model: it predicts what vLLM leaves for them (`left_for_rest`), not what they take."""

Figures = Mapping[str, int]


def measured_bytes(figures: Figures) -> pd.Series:
    """Bytes of each of `MEMORY_LINES`; null where there is no such thing to measure.

    Activations are what a pass takes at its peak beyond what is there at rest. CUDA graphs are the pools that
    PyTorch keeps for them, and what capturing them took past its allocator.
    """
    lines = pd.Series(float("nan"), index=MEMORY_LINES, name="measured")
    lines["weights"], lines["KV cache"] = figures["weights"], figures["kv_cache"]
    if "peak" in figures:
        lines["activations"] = figures["peak"] - figures["resting"]
        lines["CUDA graphs"] = figures["graph_pools"] + figures.get("graph_driver", 0)
    lines["other"] = figures["used"] - lines.sum()
    return lines


def parts_of_other(figures: Figures) -> dict[str, int]:
    """What `measured_bytes` calls other, told apart where there is an allocator to ask; they add up to it."""
    if "peak" not in figures:
        return {}
    reserved = figures["reserved"] - figures["graph_pools"]
    tensors = figures["resting"] - figures["graph_pools_allocated"]
    return {
        "further tensors": tensors - figures["weights"] - figures["kv_cache"],
        "reserve of PyTorch's allocator": (reserved - tensors - (figures["peak"] - figures["resting"])),
        "outside PyTorch's allocator": (
            figures["used"] - figures["reserved"] - figures.get("graph_driver", 0)
        ),
    }


def predicted_bytes(memory: Mapping[str, Any], gpu_bytes: int | None) -> pd.Series:
    """Bytes of each of `MEMORY_LINES` by the cost model; null where it has none.

    It has none of `NOT_PREDICTED`. On CPU it knows weights and the KV cache alone.

    Args:
        memory: memory.json.
        gpu_bytes: memory of one GPU, as environment.json has it; None on CPU.
    """
    lines = pd.Series(float("nan"), index=MEMORY_LINES, name="predicted")
    resolved, gpus = memory["resolved"], memory["gpus"]
    model, precision = architecture_from(memory["architecture"]), precision_in(resolved)
    if model is None or precision is None:
        return lines
    token = kv_bytes(model, precision, gpus)
    lines["weights"] = weight_bytes(model, precision) // gpus
    if gpu_bytes:
        device = GpuMemory(gpu_bytes, resolved["gpu_memory_utilization"])
        batched, block = resolved["max_num_batched_tokens"], resolved["block_size"]
        found = kv_capacity(model, precision, device, batched, block_size=block, gpus=gpus)
        lines["activations"], lines["KV cache"] = found.activations, found.tokens * token
    if size := memory["kv_cache_memory_bytes"]:
        lines["KV cache"] = tokens_in(size, token, resolved["block_size"]) * token
    return lines


def asked_utilization(memory: Mapping[str, Any]) -> float | None:
    """Share of the GPU by which vLLM sized the KV cache; None on CPU, and where that size was asked for."""
    if memory["device"] != "cuda" or memory["kv_cache_memory_bytes"]:
        return None
    share: float | None = memory["resolved"].get("gpu_memory_utilization")
    return share


def left_for_rest(memory: Mapping[str, Any], gpu_bytes: int) -> int | None:
    """Bytes of its share of the GPU that vLLM left for `NOT_PREDICTED` when it sized the KV cache.

    What the dummy step took counts as activations. Only later are CUDA graphs captured, and the allocator's
    reserve grows. The cost model's estimate of it is `batchscope.cost.memory.REST`.

    Args:
        memory: memory.json.
        gpu_bytes: memory of one GPU: as CUDA has it, by which vLLM goes, or as environment.json has it, by
            which the cost model goes.

    Returns:
        None where vLLM did not size it so.
    """
    share, figures = asked_utilization(memory), memory["figures"]
    if share is None or "profile_run" not in figures:
        return None
    taken: int = sum(figures[name] for name in ("weights", "profile_run", "kv_cache"))
    return int(share * gpu_bytes) - taken


def memory_frame(memory: Mapping[str, Any], gpu_bytes: int | None) -> pd.DataFrame:
    """One row a line of `MEMORY_LINES`: ``measured`` and ``predicted``, in bytes; see there."""
    sizes = [measured_bytes(memory["figures"]), predicted_bytes(memory, gpu_bytes)]
    return pd.concat(sizes, axis=1).rename_axis("line")
