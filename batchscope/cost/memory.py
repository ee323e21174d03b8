"""How much memory a model and its requests take: weights, KV cache, and how many tokens the KV cache holds.

Sizes are bytes. Weights and KV cache follow from the model's shape; what vLLM keeps beside them does not,
and is estimated (`kv_capacity`).
"""

from dataclasses import dataclass

from batchscope.cost.flops import Architecture

WIDTH = {"bfloat16": 2, "float16": 2, "float32": 4}
"""Bytes of one value, by torch's name of its type."""

EIGHT_BITS = ("fp8", "fp8_e4m3", "fp8_e5m2")
"""Types of the KV cache that have one byte a value."""

FP8_WEIGHTS = ("fp8", "fp8_per_tensor", "fp8_per_channel", "fp8_per_block")
"""vLLM's quantizations after which the layers' matrices are fp8, and so is what they are multiplied with.

Scales (one a tensor, an output channel, or 128 x 128 values) are left out of sizes: a thousandth at most.
"""

REST = 785_000_000
"""Bytes that vLLM gives neither to weights nor KV cache nor activations when it sizes the KV cache.

It is part of the memory size that the driver reports, and mostly never in use: CUDA hands out less than that
size, 503 MB less on an H100. An estimate, from what one H200 leaves over (vLLM 0.26.0, docs/reference/h200);
an H100 leaves 788 MB.
"""


@dataclass(frozen=True)
class Precision:
    """Bytes of one value: of the layers' matrices, of all other weights, of the KV cache."""

    layers: int
    other: int
    kv_cache: int


def precision_of(dtype: str | None, quantization: str | None, kv_dtype: str | None) -> Precision | None:
    """Bytes of one value, from vLLM's names of the types; None where one of the names is not known.

    vLLM quantizes only the layers' matrices: embedding, head and norms keep ``dtype``.
    """
    width = WIDTH.get(dtype or "")
    kv_width = 1 if kv_dtype in EIGHT_BITS else WIDTH.get(kv_dtype or "", width)
    if kv_dtype not in (None, "auto", *WIDTH, *EIGHT_BITS) or quantization not in (None, *FP8_WEIGHTS):
        return None
    if width is None or kv_width is None:
        return None
    return Precision(width if quantization is None else 1, width, kv_width)


def weight_bytes(model: Architecture, precision: Precision) -> int:
    """Bytes of all parameters in memory."""
    layers = model.layer_weights * model.num_hidden_layers
    return layers * precision.layers + (model.parameters - layers) * precision.other


def step_weight_bytes(model: Architecture, precision: Precision) -> int:
    """Bytes of weights that one engine step reads: layers, norms and head; of the embedding only rows."""
    layers = model.layer_weights * model.num_hidden_layers
    return layers * precision.layers + (model.norm_weights + model.head_weights) * precision.other


def kv_bytes(model: Architecture, precision: Precision, gpus: int = 1) -> int:
    """Bytes of one token in the KV cache of each of ``gpus``: a key and a value for each KV head and layer.

    Heads are spread over the GPUs, at least one to each: where there are more GPUs than heads, several hold
    the same one.
    """
    heads = max(model.num_key_value_heads // gpus, 1)
    return 2 * model.num_hidden_layers * heads * model.head_dim * precision.kv_cache


@dataclass(frozen=True)
class GpuMemory:
    """A GPU's memory in bytes, and the share of it that vLLM may take (``gpu_memory_utilization``)."""

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
    """KV cache that vLLM finds room for on each GPU: utilization x memory - weights - activations - `REST`.

    Weights and KV heads are spread evenly over ``gpus``. Activations are an estimate: those of a step of
    ``batched_tokens`` at its widest point, where the MLP has gate, up and product beside four hidden states.
    """
    budget = int(memory.utilization * memory.total)
    weights = weight_bytes(model, precision) // gpus
    wide = 3 * model.intermediate_size // gpus + 4 * model.hidden_size
    activations = batched_tokens * wide * precision.other
    available = max(budget - weights - activations - REST, 0)
    tokens = tokens_in(available, kv_bytes(model, precision, gpus), block_size)
    return KvCapacity(budget, weights, activations, REST, available, tokens)


def tokens_in(size: int, token_bytes: int, block_size: int) -> int:
    """Tokens that fit into a KV cache of ``size`` bytes, in whole blocks of ``block_size`` tokens."""
    return size // (token_bytes * block_size) * block_size
