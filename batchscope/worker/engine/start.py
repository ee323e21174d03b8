"""Starts vLLM's offline engine, and reads which arguments are in force."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vllm import LLM

from batchscope.common.prefix_cache_theory import FULL_ATTENTION, why_silent
from batchscope.worker.engine_core import fork_engine_core
from batchscope.worker.telemetry.shared_prefix import ARGUMENT, is_asked
from batchscope.worker.telemetry.sparse_layers import is_wanted
from batchscope.worker.telemetry.steps import SCHEDULER
from batchscope.worker.telemetry.worker_extension import EXTENSION


def start_engine(
    model: str, asset: dict[str, Any], args: dict[str, Any], recording: bool
) -> tuple[LLM, float]:
    """Start the offline engine in vLLM's default process mode.

    Statistics are on because the times of single requests come from them. With ``recording`` the scheduler
    writes down its steps, unless ``args`` name a scheduler, and workers that may share a prefix get what
    counts it. Workers of a model that is to run through 2:4 kernels get what counts those, in any case.

    Returns:
        The engine, and the seconds that its start took.

    Raises:
        ValueError: a quantization would change nothing (`check_quantization`), or vLLM refuses an argument.
    """
    check_quantization(args, json.loads(Path(model, "config.json").read_text(encoding="utf-8")))
    counted = (recording and is_asked(args)) or is_wanted(asset)
    start = time.perf_counter()
    fork_engine_core()
    llm = LLM(
        model=model,
        load_format=asset["load_format"],
        trust_remote_code=asset["trust_remote_code"],
        disable_log_stats=False,
        **({"scheduler_cls": SCHEDULER} if recording else {}),
        **({"worker_extension_cls": EXTENSION} if counted else {}),
        **args,
    )
    return llm, time.perf_counter() - start


def check_quantization(args: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Refuse a quantization of experts alone for a model without any: it would run as it is, under that name.

    vLLM takes it without a word. Of its own names, int8_per_channel_weight_only is one.

    Args:
        args: the engine's.
        config: config.json of the model.
    """
    try:
        from vllm.config.quantization import resolve_quantization_config
    except ImportError:  # of a vLLM that quantizes nothing while it loads
        return
    name = args.get("quantization")
    how = resolve_quantization_config(name, args.get("quantization_config"))
    of_layers = how is None or how.linear is not None or getattr(how, "targets", None)
    has_experts = any("expert" in key and value for key, value in config.items())
    if not of_layers and not has_experts and "quantization_config" not in config:
        raise ValueError(f"{name} quantizes experts alone, and this model has none: it would run as it is")


def resolved_arguments(llm: LLM) -> dict[str, Any]:
    """The settings in force, under vLLM's names, including those that vLLM chose itself."""
    config = llm.llm_engine.vllm_config
    scheduler, cache, compilation = config.scheduler_config, config.cache_config, config.compilation_config
    return {
        "max_model_len": config.model_config.max_model_len,
        "dtype": str(config.model_config.dtype).removeprefix("torch."),
        "quantization": config.model_config.quantization,
        "max_num_batched_tokens": scheduler.max_num_batched_tokens,
        "max_num_seqs": scheduler.max_num_seqs,
        "enable_chunked_prefill": scheduler.enable_chunked_prefill,
        "async_scheduling": scheduler.async_scheduling,
        "enable_prefix_caching": cache.enable_prefix_caching,
        "block_size": cache.block_size,
        "kv_cache_dtype": cache.cache_dtype,
        "kv_cache_blocks": cache.num_gpu_blocks,
        "kv_cache_tokens": (cache.num_gpu_blocks or 0) * cache.block_size,
        "gpu_memory_utilization": cache.gpu_memory_utilization,
        "tensor_parallel_size": config.parallel_config.tensor_parallel_size,
        "enforce_eager": config.model_config.enforce_eager,
        ARGUMENT: config.model_config.disable_cascade_attn,
        "model_runner": model_runner(config),
        "cudagraph_mode": getattr(compilation.cudagraph_mode, "name", None),
        "fuse_allreduce_rms": getattr(compilation.pass_config, "fuse_allreduce_rms", None),
        "attention_backend": attention_backend(config),
        "use_v2_model_runner": getattr(config, "use_v2_model_runner", None),
        "seed": config.model_config.seed,
        "logprobs_mode": config.model_config.logprobs_mode,
        # no argument, but in force: what decides which blocks a prefix cache keeps
        "attention": why_silent(config.model_config.hf_text_config) or FULL_ATTENTION,
    }


def model_runner(config: Any) -> str:
    """Which of vLLM's model runners is in force, V1 or V2.

    A version whose configuration does not tell, such as 0.18.1, goes by its environment variable alone.
    """
    from vllm import envs

    return "V2" if getattr(config, "use_v2_model_runner", envs.VLLM_USE_V2_MODEL_RUNNER) else "V1"


def attention_backend(config: Any) -> str | None:
    """The attention backend in force; None: vLLM's own choice, which it does not tell here.

    On a GPU vLLM takes the one that is asked for, or does not start; on CPU it takes its own, whatever is
    asked.
    """
    from vllm.platforms import current_platform

    if current_platform.is_cpu():
        return "CPU_ATTN"
    return getattr(getattr(config.attention_config, "backend", None), "name", None)


def differing_arguments(asked: dict[str, Any], resolved: dict[str, Any]) -> list[dict[str, str]]:
    """Engine arguments that were asked for and are not in force, as ``invalid`` of measurement.json."""
    flat = {**asked, **_inner(asked.get("compilation_config"))}
    flat |= {key: str(flat[key]).upper() for key in ("attention_backend", "cudagraph_mode") if flat.get(key)}
    return [
        {"code": "engine_args", "detail": f"{key}: {flat[key]!r} asked, {resolved[key]!r} in force"}
        for key in sorted(flat.keys() & resolved.keys())
        if flat[key] not in (resolved[key], "auto", "AUTO")
    ]


def _inner(compilation: Any) -> dict[str, Any]:
    """The keys of a compilation_config, those of its passes among them."""
    if not isinstance(compilation, Mapping):
        return {}
    return {**(compilation.get("pass_config") or {}), **compilation}
