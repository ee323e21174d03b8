"""Lines of the memory table: every byte once, and the cost model's predictions."""

from support.memory_captures import CPU_FIGURES, GPU_BYTES, GPU_FIGURES, KV_TOKEN, PARAMETERS, memory

from batchscope.cost.memory import REST as ESTIMATED_REST
from batchscope.reports.memory.frame import (
    asked_utilization,
    left_for_rest,
    measured_bytes,
    memory_frame,
    parts_of_other,
)


def test_every_byte_in_use_is_in_one_line() -> None:
    lines = measured_bytes(GPU_FIGURES)
    assert lines.to_dict() == {
        "weights": 100,
        "activations": 50,
        "KV cache": 500,
        "CUDA graphs": 79,
        "other": 271,
    }
    assert lines.sum() == GPU_FIGURES["used"]
    parts = parts_of_other(GPU_FIGURES)
    assert list(parts.values()) == [20, 60, 191]
    assert sum(parts.values()) == lines["other"]


def test_without_an_allocator_the_rest_of_the_process_is_other() -> None:
    lines = measured_bytes(CPU_FIGURES)
    assert lines.dropna().to_dict() == {"weights": 100, "KV cache": 500, "other": 400}
    assert parts_of_other(CPU_FIGURES) == {}


def test_predictions_are_the_cost_models() -> None:
    on_gpu = memory_frame(memory("cuda"), GPU_BYTES)["predicted"]
    activations = 1000 * (3 * 128 + 4 * 64) * 2
    left = int(0.9 * GPU_BYTES) - 2 * PARAMETERS - activations - ESTIMATED_REST
    assert on_gpu.dropna().to_dict() == {
        "weights": 2 * PARAMETERS,
        "activations": activations,
        "KV cache": left // (16 * KV_TOKEN) * 16 * KV_TOKEN,
    }
    on_cpu = memory_frame(memory("cpu"), None)["predicted"]
    blocks = 1_000_000 // (16 * KV_TOKEN)
    assert on_cpu.dropna().to_dict() == {"weights": 2 * PARAMETERS, "KV cache": blocks * 16 * KV_TOKEN}
    unknown = memory("cuda") | {"architecture": {"model_type": "another"}}
    assert memory_frame(unknown, GPU_BYTES)["predicted"].isna().all()


def test_what_vllm_left_for_all_else_is_what_its_share_leaves() -> None:
    assert left_for_rest(memory("cuda"), 2000) == 1800 - 100 - 55 - 500
    sized = memory("cuda") | {"kv_cache_memory_bytes": 500}  # then the share decides nothing
    unknown = memory("cuda") | {"resolved": {}}
    for found in (sized, unknown, memory("cpu")):
        assert asked_utilization(found) is None
        assert left_for_rest(found, 2000) is None
