"""What a model and its requests take of memory: weights, KV cache, and how many tokens the KV cache holds.

Sizes are bytes. Weights and KV cache follow from the model's shape; what vLLM keeps beside them does not,
and is estimated (`kv_capacity`).
"""

from dataclasses import dataclass

from batchscope.cost.flops import Architecture

WIDTH = {"bfloat16": 2, "float16": 2, "float32": 4}
"""Bytes of one value, by torch's name of its type."""

EIGHT_BITS = ("fp8", "fp8_e4m3", "fp8_e5m2")

REST = 785_000_000
"""Bytes that vLLM gives neither to weights nor KV cache nor activations when it sizes the KV cache.

Counted by the memory that the driver names. Most of it is never in use: CUDA gives out less than that (503 MB
on an H100). Estimated: what one H200 leaves over (vLLM 0.26.0, docs/reference/h200); an H100 leaves 788 MB.
"""


@dataclass(frozen=True)
class Precision:
    """Bytes of one value: of the layers' matrices, of all other weights, of the KV cache."""

    layers: int
    other: int
    kv_cache: int


def precision_of(dtype: str | None, quantization: str | None, kv_dtype: str | None) -> Precision | None:
    """Widths under vLLM's names of the types; None where one of them is not known.

    vLLM quantizes the layers' matrices alone: embedding, head and norms keep ``dtype``.
    """
    width = WIDTH.get(dtype or "")
    kv_width = 1 if kv_dtype in EIGHT_BITS else WIDTH.get(kv_dtype or "", width)
    if kv_dtype not in (None, "auto", *WIDTH, *EIGHT_BITS) or quantization not in (None, "fp8"):
        return None
    if width is None or kv_width is None:
        return None
    return Precision(1 if quantization == "fp8" else width, width, kv_width)


def weight_bytes(model: Architecture, precision: Precision) -> int:
    """Of all parameters, as they lie in memory."""
    layers = model.layer_weights * model.num_hidden_layers
    return layers * precision.layers + (model.parameters - layers) * precision.other


def step_weight_bytes(model: Architecture, precision: Precision) -> int:
    """Weights that a step reads, once each: layers, norms and head; of the embedding only single rows."""
    layers = model.layer_weights * model.num_hidden_layers
    return layers * precision.layers + (model.norm_weights + model.head_weights) * precision.other


def kv_bytes(model: Architecture, precision: Precision, gpus: int = 1) -> int:
    """Of one token in the KV cache of one of ``gpus``: a key and a value for each KV head in each layer.

    A GPU holds one head at least: where there are more GPUs than heads, several hold the same.
    """
    heads = max(model.num_key_value_heads // gpus, 1)
    return 2 * model.num_hidden_layers * heads * model.head_dim * precision.kv_cache


@dataclass(frozen=True)
class GpuMemory:
    """A GPU's memory, and what vLLM may take of it: ``gpu_memory_utilization``."""

    total: int
    utilization: float


@dataclass(frozen=True)
class KvCapacity:
    """Where one GPU's memory goes, in bytes, and how many tokens fit into what is left."""

    budget: int
    weights: int
    activations: int
    """estimated"""
    rest: int
    """estimated"""
    available: int
    tokens: int


def kv_capacity(
    model: Architecture,
    precision: Precision,
    memory: GpuMemory,
    batched_tokens: int,
    *,
    block_size: int = 16,
    gpus: int = 1,
) -> KvCapacity:
    """KV cache that vLLM finds room for: utilization x memory - weights - activations - rest.

    Weights and KV heads are spread evenly over ``gpus``. Activations are those of a step of
    ``batched_tokens`` at its widest point: the MLP's gate, up and product beside four hidden states.
    """
    budget = int(memory.utilization * memory.total)
    weights = weight_bytes(model, precision) // gpus
    wide = 3 * model.intermediate_size // gpus + 4 * model.hidden_size
    activations = batched_tokens * wide * precision.other
    available = max(budget - weights - activations - REST, 0)
    tokens = tokens_in(available, kv_bytes(model, precision, gpus), block_size)
    return KvCapacity(budget, weights, activations, REST, available, tokens)


def tokens_in(size: int, token_bytes: int, block_size: int) -> int:
    """Tokens that fit into a KV cache of this size: whole blocks."""
    return size // (token_bytes * block_size) * block_size
