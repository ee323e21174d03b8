"""Which of vLLM's names the worker uses, and which of them a vLLM's source has.

``python tests/support/vllm_names.py VERSION FOLDER`` reads a vLLM's source (FOLDER holds its ``__init__.py``) and keeps
what it has of these names in ``tests/support/vllm_sources/VERSION.json``, by file: names, and parameters of functions.
"""

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path

KEPT = Path(__file__).with_name("vllm_sources")

Found = dict[str, dict[str, list[str] | None]]
"""By file, what it has: a function with its parameters, anything else with None."""

USES: dict[str, tuple[str, ...]] = {
    # the offline engine
    "entrypoints/llm.py": (
        "LLM.__init__(model, trust_remote_code, kwargs)", "LLM.enqueue(prompts, sampling_params, use_tqdm)",
        "LLM.wait_for_completion(output_type, use_tqdm)", "LLM.sleep(level, mode)", "LLM.wake_up(tags)",
        "LLM.reset_prefix_cache()", "LLM.collective_rpc(method, args)", "LLM.start_profile(profile_prefix)",
        "LLM.stop_profile()", "LLM.llm_engine",
    ),
    "v1/engine/llm_engine.py": ("LLMEngine.is_sleeping()", "LLMEngine.vllm_config"),
    "engine/arg_utils.py": tuple(
        f"EngineArgs.{name}"
        for name in (
            "load_format", "disable_log_stats", "scheduler_cls", "worker_cls", "worker_extension_cls", "profiler_config",
            "disable_cascade_attn",
        )
    ),
    "sampling_params.py": (
        *(
            f"SamplingParams.{name}"
            for name in (
                "temperature", "max_tokens", "ignore_eos", "detokenize", "allowed_token_ids", "structured_outputs",
                "logprobs",
            )
        ),
        "StructuredOutputsParams.grammar",
    ),
    "inputs/llm.py|inputs/data.py": ("TokensPrompt.prompt_token_ids",),
    "outputs.py": (
        "RequestOutput.num_cached_tokens", "RequestOutput.prompt_token_ids", "RequestOutput.metrics",
        "RequestOutput.outputs", "CompletionOutput.token_ids", "CompletionOutput.logprobs", "CompletionOutput.finish_reason",
    ),
    "v1/metrics/stats.py": tuple(
        f"RequestStateStats.{name}" for name in ("queued_ts", "scheduled_ts", "first_token_ts", "last_token_ts")
    ),
    # arguments in force
    "config/vllm.py": ("VllmConfig.use_v2_model_runner()", "VllmConfig.profiler_config"),
    "envs.py": ("VLLM_USE_V2_MODEL_RUNNER",),
    "config/model.py": tuple(
        f"ModelConfig.{name}" for name in ("max_model_len", "quantization", "enforce_eager", "seed", "disable_cascade_attn")
    ),
    "config/cache.py": tuple(
        f"CacheConfig.{name}"
        for name in ("num_gpu_blocks", "block_size", "cache_dtype", "enable_prefix_caching", "gpu_memory_utilization")
    ),
    "config/scheduler.py": tuple(
        f"SchedulerConfig.{name}"
        for name in ("max_num_batched_tokens", "max_num_seqs", "enable_chunked_prefill", "async_scheduling")
    ),
    "config/quantization.py": ("resolve_quantization_config()",),
    "config/parallel.py": ("ParallelConfig.tensor_parallel_size", "ParallelConfig.world_size"),
    "config/compilation.py": ("CompilationConfig.cudagraph_mode",),
    # recorded steps
    "v1/core/sched/scheduler.py": (
        "Scheduler.schedule()", "Scheduler.update_from_output(scheduler_output)", "Scheduler._preempt_request(request)",
        "Scheduler.get_request_counts()", "Scheduler.kv_cache_manager", "Scheduler.requests",
    ),
    "v1/core/sched/interface.py": ("SchedulerInterface.has_unfinished_requests()",),
    "v1/core/sched/async_scheduler.py": ("AsyncScheduler",),
    "v1/core/kv_cache_manager.py": ("KVCacheManager.usage()",),
    "v1/request.py": ("Request.num_tokens()", "Request.num_computed_tokens"),
    "v1/core/sched/output.py": (
        *(
            f"SchedulerOutput.{name}"
            for name in (
                "scheduled_new_reqs", "scheduled_cached_reqs", "num_scheduled_tokens", "total_num_scheduled_tokens",
                "finished_req_ids",
            )
        ),
        "NewRequestData.req_id", "NewRequestData.num_computed_tokens", "CachedRequestData.req_ids",
        "CachedRequestData.resumed_req_ids", "CachedRequestData.num_computed_tokens",
    ),
    # profilers, and workers that note memory
    "profiler/wrapper.py": (
        "WorkerProfiler._start()", "WorkerProfiler._stop()", "WorkerProfiler.annotate_context_manager(name)",
        "CudaProfilerWrapper._stop()",
    ),
    "v1/worker/cpu_worker.py": ("CPUWorker",),
    "v1/worker/gpu_worker.py": (
        "Worker.load_model()", "Worker.sample_tokens()",
        "Worker.determine_available_memory()", "Worker.initialize_from_config()", "Worker.compile_or_warm_up_model()",
        "Worker.get_model()", "Worker.init_snapshot", "Worker.model_runner",
        "Worker.profile()", "Worker.profiler",
    ),
    "v1/worker/gpu_model_runner.py": ("GPUModelRunner.kv_caches",),
    "v1/worker/gpu/model_runner.py": ("GPUModelRunner.kv_caches",),
    "model_executor/model_loader/base_loader.py": ("process_weights_after_loading",),
    # layers, counted by their class
    "model_executor/layers/linear.py": ("LinearBase",),
    "v1/engine/async_llm.py": ("AsyncLLM.collective_rpc(method)",),
    # processes on CPU
    "v1/engine/utils.py": ("get_mp_context",),
    "v1/executor/multiproc_executor.py": (
        "get_mp_context", "WorkerProc.make_worker_process(vllm_config, inherited_fds)", "WorkerProc.worker_main()",
    ),
    # the server and its client
    "entrypoints/cli/main.py": ("main()",),
    "entrypoints/openai/api_server.py|entrypoints/launchers/api_server/app_state.py": (
        "init_app_state.engine_client", "init_app_state.vllm_config",
    ),
    "benchmarks/serve.py": (
        "add_cli_args(parser)", "main_async(args)", "get_samples", "get_tokenizer",
    ),
    "utils/argparse_utils.py": ("FlexibleArgumentParser",),
    "benchmarks/datasets/__init__.py|benchmarks/datasets.py": ("SampleRequest",),
    "benchmarks/datasets/datasets.py|benchmarks/datasets.py": tuple(
        f"SampleRequest.{name}"
        for name in ("prompt", "prompt_len", "expected_output_len", "request_id", "request_overrides")
    ),
    "tokenizers/__init__.py": ("cached_get_tokenizer",),
}  # fmt: skip
"""By file, what the worker takes from it: for a function, in brackets, the parameters that it passes.

Where versions have it in different files, these stand side by side.
"""

CASCADE: dict[str, tuple[str, ...]] = {
    "v1/worker/gpu_model_runner.py": (
        "GPUModelRunner._compute_cascade_attn_prefix_lens(num_scheduled_tokens)",
    ),
    "v1/attention/backends/flash_attn.py": ("cascade_attention()",),
}
"""Further, for cascade attention, which newer versions have no more."""

_COMPRESSED_TENSORS = "model_executor/layers/quantization/compressed_tensors"

SPARSE_KERNELS: dict[str, tuple[str, ...]] = {
    f"{_COMPRESSED_TENSORS}/compressed_tensors.py": ("CompressedTensors24", "CompressedTensorsConfig.scheme"),
    f"{_COMPRESSED_TENSORS}/schemes/compressed_tensors_24.py": ("CompressedTensors24",),
    "model_executor/layers/fused_moe/layer.py": ("FusedMoE",),
}
"""Further, for the count of layers with 2:4 kernels, which only the last version with such kernels must have."""


def outline(vllm: Path, uses: dict[str, tuple[str, ...]]) -> Found:
    """What a vLLM's source has of these uses."""
    return {file: dict(_found(vllm, file, names)) for file, names in uses.items()}


def missing(outlined: Found, uses: dict[str, tuple[str, ...]]) -> list[str]:
    """Uses that a vLLM does not have; of a function also those whose parameters it does not take."""
    return [
        f"{file}: {use}"
        for file, names in uses.items()
        for use in names
        if not _fits(use, outlined.get(file, {}))
    ]


def _fits(use: str, known: dict[str, list[str] | None]) -> bool:
    name, is_function, passed = use.removesuffix(")").partition("(")
    if name not in known or not is_function:
        return name in known
    parameters = known[name]
    return parameters is not None and {each.strip() for each in passed.split(",")} - {""} <= set(parameters)


def _found(vllm: Path, files: str, uses: tuple[str, ...]) -> Iterator[tuple[str, list[str] | None]]:
    paths = [vllm / file for file in files.split("|") if (vllm / file).is_file()]
    known = {}
    for path in paths:
        known |= dict(_defined(ast.parse(path.read_text(encoding="utf-8")).body, ""))
    yield from ((name, known[name]) for use in uses if (name := use.partition("(")[0]) in known)


def _defined(body: list[ast.stmt], above: str) -> Iterator[tuple[str, list[str] | None]]:
    """Names of a module or a class, those under ``if`` too; and attributes that a function, or a method, sets."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.kwarg]
            yield from ((name, None) for name in _set_by(node, above or f"{node.name}."))
            yield above + node.name, [each.arg for each in every if each and each.arg != "self"]
        elif isinstance(node, ast.ClassDef):
            yield above + node.name, None
            yield from _defined(node.body, f"{above}{node.name}.")
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((above + each.id, None) for each in targets if isinstance(each, ast.Name))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((above + (each.asname or each.name), None) for each in node.names)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _defined([*node.body, *getattr(node, "orelse", [])], above)


def _set_by(function: ast.AST, above: str) -> Iterator[str]:
    for node in ast.walk(function):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets if isinstance(node, ast.Assign | ast.AnnAssign) else []:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                yield above + target.attr


def kept() -> dict[str, Found]:
    """What is kept of each version."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(KEPT.glob("*.json"))}


def everything() -> dict[str, tuple[str, ...]]:
    """All uses, those of cascade attention and 2:4 kernels too."""
    every = (USES, CASCADE, SPARSE_KERNELS)
    return {
        file: tuple(name for uses in every for name in uses.get(file, ())) for uses in every for file in uses
    }


if __name__ == "__main__":
    KEPT.mkdir(exist_ok=True)
    text = json.dumps(outline(Path(sys.argv[2]), everything()), indent=1, sort_keys=True)
    (KEPT / f"{sys.argv[1]}.json").write_text(text + "\n")
