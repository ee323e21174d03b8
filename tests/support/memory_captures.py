"""Memory captures with numbers chosen by hand."""

import json
import pickle
from pathlib import Path

from batchscope.profiling.memory_snapshot import timeline

SHAPE = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 32, "vocab_size": 1000,
}  # fmt: skip

PARAMETERS = 2 * 1000 * 64 + 2 * (64 * (2 * 64 + 2 * 32) + 3 * 64 * 128 + 2 * 64) + 64

KV_TOKEN = 2 * 2 * 32 * 2

GPU_BYTES = 2_000_000_000

GPU_FIGURES = {
    "weights": 100, "kv_cache": 500, "resting": 680, "peak": 730, "graph_pools": 70, "graph_pools_allocated": 60,
    "graph_driver": 9, "reserved": 800, "used": 1000, "total": 2000, "before": 30, "profile_run": 55,
}  # fmt: skip

CPU_FIGURES = {"weights": 100, "kv_cache": 500, "used": 1000, "total": 2000}


def memory(device: str) -> dict:
    figures = (
        {**GPU_FIGURES, "moments": {"weights": 1.0, "KV cache": 1.5, "CUDA graphs": 2.5, "window": 4.5}}
        if device == "cuda"
        else CPU_FIGURES
    )
    return {
        "study": "s", "run": f"run-{device}", "device": device, "gpus": 1, "figures": figures, "invalid": [],
        "capture_bytes": 2_500_000, "kv_cache_memory_bytes": 1_000_000 if device == "cpu" else None,
        "architecture": SHAPE,
        "resolved": {
            "dtype": "bfloat16", "quantization": None, "kv_cache_dtype": "auto", "gpu_memory_utilization": 0.9,
            "max_num_batched_tokens": 1000, "block_size": 16,
        },
    }  # fmt: skip


def event(action: str, size: int, time_us: int) -> dict:
    return {"action": action, "addr": 0, "size": size, "stream": 0, "time_us": time_us, "frames": []}


def segment(total: int, allocated: int, *pool: int) -> dict:
    return {"device": 0, "total_size": total, "allocated_size": allocated, "segment_pool_id": pool}


def history(*events: dict) -> list[list[dict]]:
    """Of two devices; the second has none."""
    return [list(events), []]


SNAPSHOT = {
    "segments": [segment(900, 680, 0, 0), segment(70, 20, 0, 1)],
    "device_traces": history(
        event("segment_alloc", 900, 1_000_000),
        event("alloc", 100, 2_000_000),
        event("alloc", 50, 4_000_000),
        event("free_requested", 50, 5_000_000),
        event("free_completed", 50, 5_000_001),
    ),
}

START = {
    "segments": [segment(400, 350, 0, 0)],
    "device_traces": history(
        event("segment_alloc", 400, 100_000),
        event("alloc", 300, 200_000),
        event("alloc", 40, 300_000),
        event("free_requested", 40, 400_000),
        event("alloc", 50, 500_000),
    ),
}


def whole() -> dict:
    """`SNAPSHOT` as it is if none of its events was overwritten."""
    traces = [[*START["device_traces"][0], *SNAPSHOT["device_traces"][0]], []]
    return {**SNAPSHOT, "device_traces": traces}


def capture(folder: Path, device: str) -> Path:
    """A capture as the rule leaves it."""
    out = folder / "profiles" / "s" / f"run-{device}" / "memory"
    out.mkdir(parents=True)
    (out / "memory.json").write_text(json.dumps(memory(device)))
    gpu = {"name": "A GPU", "memory_bytes": GPU_BYTES} if device == "cuda" else None
    about = {"gpu": gpu, "cpu": {"model": "a processor", "cores": 2}, "versions": {"vllm": "0.32.0"}}
    (out / "environment.json").write_text(json.dumps(about))
    if device == "cuda":
        (out / "snapshot.pickle").write_bytes(pickle.dumps(SNAPSHOT))
        (out / "timeline.html").write_text("")
        timeline(SNAPSHOT).to_parquet(out / "timeline.parquet")
    return out
