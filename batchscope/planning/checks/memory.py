"""Whether weights and one whole context fit into the device's memory.

Only what is certain is a problem: sizes that follow from the model's shape. What vLLM keeps beside them is an
estimate, and an estimate that does not fit is told as such.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from batchscope.common.host_memory import memory_of_host
from batchscope.cost.flops import Architecture, architecture_from
from batchscope.cost.memory import (
    WIDTH,
    GpuMemory,
    Precision,
    kv_bytes,
    kv_capacity,
    precision_of,
    tokens_in,
    weight_bytes,
)
from batchscope.planning.checks.gpu_facts import Gpu, visible_gpus
from batchscope.planning.checks.situation import EngineUse, Situation
from batchscope.planning.checks.vllm_source import known_to_vllm
from batchscope.planning.problems import Finding, Problem, Unchecked

BLOCK = {"cpu": 128, "cuda": 16}
"""Tokens in one block of the KV cache, where nothing is asked for."""

UTILIZATION = 0.9
"""Share of a GPU's memory that vLLM takes at least where nothing is asked for; newer ones take more."""

PLACED_ELSEWHERE = (
    "hf_overrides",
    "cpu_offload_gb",
    "pipeline_parallel_size",
    "data_parallel_size",
    "decode_context_parallel_size",
)
"""Engine arguments with which the weights, or the cache, of a GPU have other sizes than are counted here."""

BATCHED = 16_384
"""Tokens of a step that vLLM chooses for a large GPU."""


@dataclass(frozen=True)
class Sizes:
    """What the device must hold for an engine."""

    shape: Architecture
    dtype: str
    precision: Precision
    context: int
    """tokens of one request, at most"""
    block: int
    gpus: int

    @property
    def token_bytes(self) -> int:
        """Of one token in the KV cache of each GPU."""
        return kv_bytes(self.shape, self.precision, self.gpus)

    @property
    def context_bytes(self) -> int:
        """Of the smallest KV cache with which vLLM starts: a context in whole blocks, and a spare block."""
        return (-(-self.context // self.block) + 1) * self.block * self.token_bytes

    @property
    def weights(self) -> int:
        """Bytes of weights on each GPU."""
        return weight_bytes(self.shape, self.precision) // self.gpus

    def context_in(self, size: int) -> int:
        """Tokens of the longest context with which vLLM starts in a KV cache of ``size`` bytes."""
        return max(tokens_in(size, self.token_bytes, self.block) - self.block, 0)


def check(situation: Situation) -> Iterator[Finding]:
    """All engine configurations whose model's shape is known."""
    gpus = [] if situation.elsewhere else visible_gpus()
    for use in situation.engines:
        sizes = sizes_of(use)
        if sizes is None:
            continue
        yield from cache_too_small(use, sizes)
        if use.environment.device == "cpu":
            yield from too_large_for_host(use, sizes, memory_of_host())
        elif gpus:
            # those that it takes unless they are busy: the first ones
            yield from too_large_for_gpu(use, sizes, min(gpus[: sizes.gpus], key=lambda gpu: gpu.total or 0))


def sizes_of(use: EngineUse) -> Sizes | None:
    """An engine's sizes; None where the model's shape, its types or its context are not known."""
    args, config = use.args, use.model.text_config
    shape = architecture_from(config)
    context = args.get("max_model_len") or use.model.context
    stored = use.model.config.get("quantization_config")
    dtype = _dtype(use)
    precision = precision_of(dtype, args.get("quantization"), args.get("kv_cache_dtype"))
    head_dim = config.get("head_dim")
    plain = head_dim is None or (isinstance(head_dim, int) and head_dim > 0)
    odd = stored or not plain or any(args.get(name) for name in PLACED_ELSEWHERE)
    if shape is None or precision is None or not context or odd:
        return None
    block = args.get("block_size") or BLOCK[use.environment.device]
    return Sizes(shape, dtype, precision, context, block, max(use.gpus, 1))


def longest_context(use: EngineUse, gpus: Sequence[Gpu]) -> int | None:
    """Tokens to which ``max_model_len`` can be raised before memory is too small; None: that is not known.

    Args:
        use: the engine.
        gpus: those that it may get; of a machine without any, or of another one: none.
    """
    sizes, size = sizes_of(use), use.args.get("kv_cache_memory_bytes")
    if sizes is None:
        return None
    if size:
        return sizes.context_in(size)
    share = share_of(use)
    room = [int(share * gpu.total) - sizes.weights for gpu in gpus if gpu.total] if use.gpus else []
    return sizes.context_in(max(min(room), 0)) if room else None


def share_of(use: EngineUse) -> float:
    """Share of a GPU's memory that vLLM takes: as asked for, else what its source says."""
    known = known_to_vllm(use.environment.python, use.environment.device)
    return float(use.args.get("gpu_memory_utilization") or (known and known.utilization) or UTILIZATION)


def _dtype(use: EngineUse) -> str:
    """The type of weights; ``auto`` takes the model's, and 16 bits where that has 32."""
    asked = use.args.get("dtype") or "auto"
    own = str(use.model.config.get("dtype") or use.model.config.get("torch_dtype"))
    if asked != "auto":
        return str(asked)
    return own if own in WIDTH and own != "float32" else "bfloat16"


def cache_too_small(use: EngineUse, sizes: Sizes) -> Iterator[Problem]:
    """A KV cache whose size is asked for and that does not hold one context: vLLM does not start with it."""
    size = use.args.get("kv_cache_memory_bytes")
    if not size or size >= sizes.context_bytes:
        return
    fits, longest = sizes.context_in(size), use.key("max_model_len")
    smaller = f", or set {longest} to {fits} or less" if fits else ""
    yield Problem(
        use.key("kv_cache_memory_bytes"),
        f"{size:,} bytes hold {fits:,} tokens, and a request may have {sizes.context:,} (max_model_len), so "
        "vLLM does not start",
        f"raise it to {sizes.context_bytes} or more{smaller}",
    )


def too_large_for_host(use: EngineUse, sizes: Sizes, memory: int) -> Iterator[Problem]:
    """Weights and KV cache that this machine's memory does not hold."""
    if sizes.weights + (use.args.get("kv_cache_memory_bytes") or 0) > memory:
        yield _cache_larger_than(use, sizes, "this machine", memory)


def _cache_larger_than(use: EngineUse, sizes: Sizes, place: str, memory: int) -> Problem:
    """Weights and a KV cache of the size asked for that a memory does not hold."""
    cache, room = use.args.get("kv_cache_memory_bytes") or 0, memory - sizes.weights
    smaller = f"lower {use.key('kv_cache_memory_bytes')} to less than {room}"
    return Problem(
        use.key("kv_cache_memory_bytes") if cache and room > 0 else f"models.{use.model.name}",
        f"weights of {_gb(sizes.weights)} and a KV cache of {_gb(cache)} are more than the {_gb(memory)} of "
        f"memory of {place}",
        smaller if room > sizes.context_bytes else "name a smaller model",
    )


def too_large_for_gpu(use: EngineUse, sizes: Sizes, gpu: Gpu) -> Iterator[Finding]:
    """Weights, or weights with one context, that the share of a GPU's memory does not hold.

    For a KV cache whose size is asked for vLLM looks at no share: the GPU itself is the limit.
    """
    if gpu.total is None:
        return
    asked = use.args.get("kv_cache_memory_bytes")
    if asked and sizes.weights + asked > gpu.total:
        yield _cache_larger_than(use, sizes, gpu.name, gpu.total)
    if asked:
        return
    share = share_of(use)
    budget = int(share * gpu.total)
    if sizes.weights + sizes.context_bytes > budget:
        yield Problem(
            f"models.{use.model.name}",
            f"weights of {_gb(sizes.weights)} and a KV cache of {_gb(sizes.context_bytes)} for one request "
            f"are more than the {_gb(budget)} that vLLM takes of {gpu.name}",
            _smaller(use, sizes, budget),
        )
        return
    memory = GpuMemory(gpu.total, share)
    batched = use.args.get("max_num_batched_tokens") or BATCHED
    estimated = kv_capacity(
        sizes.shape, sizes.precision, memory, batched, block_size=sizes.block, gpus=sizes.gpus
    )
    if estimated.tokens < sizes.context:
        yield Unchecked(
            use.key("max_model_len"),
            f"the KV cache will hold about {estimated.tokens:,} tokens, an estimate, and a request may have "
            f"{sizes.context:,}; vLLM may refuse that",
        )


def _smaller(use: EngineUse, sizes: Sizes, budget: int) -> str:
    """What fits: a shorter context, else more GPUs, each tried by its own sizes."""
    tokens = sizes.context_in(budget - sizes.weights) if budget > sizes.weights else 0
    if tokens:
        return f"set {use.key('max_model_len')} to less than {tokens}"
    for gpus in (each for each in (2, 4, 8) if each > sizes.gpus and not _indivisible(sizes.shape, each)):
        spread = replace(sizes, gpus=gpus)
        if spread.weights + spread.context_bytes <= budget:
            return f"set {use.key('tensor_parallel_size')} to {gpus}, with as many 'gpus'"
    return "name a smaller model"


def _indivisible(shape: Architecture, gpus: int) -> bool:
    return bool(shape.num_attention_heads % gpus)


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
