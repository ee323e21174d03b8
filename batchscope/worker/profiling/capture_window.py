"""Captures the window on a started engine: passes without the profiler first, then one with it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from vllm import LLM

from batchscope.worker.engine.measure_run import warmup_requests
from batchscope.worker.engine.start import resolved_arguments
from batchscope.worker.engine.timed_pass import Request, closure_failures, pass_totals, run_pass
from batchscope.worker.profiling.capture_overhead import Window, describe
from batchscope.worker.telemetry.steps import StepFile

NVTX_WORKER = {
    "cpu": "batchscope.worker.profiling.nvtx_cpu.MarkingWorker",
    "cuda": "batchscope.worker.profiling.nvtx_cuda.WholeStepsWorker",
}
"""Workers for nsys, in separate modules: each imports what an engine for the other device lacks."""

PLAIN = 2
"""Passes without the profiler: how much they differ shows how far the overhead can be trusted."""


def engine_arguments(profiler: str, device: str, window: Window, out: str) -> dict[str, Any]:
    """Engine arguments for one of vLLM's own profilers, bounded to the window.

    The worker itself starts and stops it. A profiler that is delayed by n iterations starts in the worker's
    n-th step, which is the first one captured.

    Raises:
        RuntimeError: nsys is asked for on CPU, and the engine lacks the package nvtx.
    """
    bounds = {"delay_iterations": window.skip + 1, "max_iterations": window.steps}
    torch_profiler = {
        "profiler": "torch",
        "torch_profiler_dir": out,
        # Stacks made a run five times slower, and its trace ten times larger.
        "torch_profiler_with_stack": False,
        "ignore_frontend": True,
    }
    if profiler == "torch":
        return {"profiler_config": {**torch_profiler, **bounds}}
    if device == "cpu" and find_spec("nvtx") is None:
        raise RuntimeError("this engine lacks the package nvtx==0.2.11; `make env ENGINE=cpu` installs it")
    # vLLM takes no other kind on CPU, where the worker's own profiler stands in for it.
    kind = {"profiler": "cuda"} if device == "cuda" else torch_profiler
    return {"profiler_config": {**kind, **bounds}, "worker_cls": NVTX_WORKER[device]}


def capture_window(
    llm: LLM, requests: Sequence[Request], window: Window, order: Mapping[str, Any], steps: StepFile
) -> dict[str, Any]:
    """Warm up, run the pass without the profiler, then with it; each pass starts with an empty prefix cache.

    ``order`` has ``warmup_tokens``, and ``cached_tokens`` that the prefix cache must serve in each pass.
    Returns what window.json says of the passes.
    """
    if first := warmup_requests(requests, order["warmup_tokens"]):
        run_pass(llm, first, "warm-up")
    plain = []
    for repeat in range(PLAIN):
        steps.skip()
        totals = pass_totals(run_pass(llm, requests, f"without profiler {repeat + 1}/{PLAIN}"))
        plain.append((totals, list(steps.rows())))
    steps.skip()
    result = run_pass(llm, requests, "with profiler", profiling(llm))
    totals = pass_totals(result)
    described = describe(plain, (totals, list(steps.rows())), window)
    return {
        **described,
        "invalid": closure_failures(result, requests, order["cached_tokens"]),
        "resolved": resolved_arguments(llm),
    }


@contextmanager
def profiling(llm: LLM) -> Iterator[None]:
    """Let the worker count its steps from here on; end a window that reaches to the end of the pass."""
    llm.start_profile("window")
    try:
        yield
    finally:
        llm.stop_profile()
