"""How vLLM's processes begin on CPU: the engine core, which schedules, and its worker."""

import multiprocessing
import os
from collections.abc import Callable, Mapping
from functools import partial
from multiprocessing.context import BaseContext
from typing import Any

OPENMP = "libgomp"
"""Name of torch's OpenMP library."""

METHOD = "VLLM_WORKER_MULTIPROC_METHOD"


def fork_engine_core() -> None:
    """On CPU, let vLLM's processes begin as copies of this one where they can, as vLLM does it on CUDA.

    There vLLM starts the engine core as a new interpreter, and the core its worker. Each imports vLLM again,
    which takes longer than all else. The engine core computes nothing, so a copy will do. So it will for a
    worker of one thread, if OpenMP was loaded here as vLLM would have the worker load it: before all other
    libraries. Several threads need a new interpreter, for OpenMP reads where they belong when it is loaded.
    So does Nsight Systems, which follows what is executed and says so by vLLM's variable. Seen to work with
    vLLM 0.26, 0.31 and 0.32.
    """
    from vllm.platforms import current_platform
    from vllm.v1.engine import utils

    if not current_platform.is_cpu():
        return
    utils.get_mp_context = _forking
    if OPENMP in os.environ.get("LD_PRELOAD", "") and os.environ.get(METHOD) != "spawn":
        from vllm.v1.executor import multiproc_executor as executor

        start = executor.WorkerProc.make_worker_process
        executor.WorkerProc.make_worker_process = staticmethod(partial(_start_worker, executor, start))


def core_of_one_thread(environment: Mapping[str, str]) -> int | None:
    """The core of a worker that computes with one thread, from the variables that vLLM starts it with."""
    cores = environment.get("GOMP_CPU_AFFINITY", "").split()
    alone = environment.get("OMP_NUM_THREADS") == "1" and len(cores) == 1 and cores[0].isdecimal()
    return int(cores[0]) if alone else None


def _start_worker(executor: Any, start: Callable[..., Any], **arguments: Any) -> Any:
    """Start a worker: a copy of this process, the engine core, if it is the only one and has one thread."""
    core = core_of_one_thread(os.environ)
    if core is None or arguments["vllm_config"].parallel_config.world_size > 1:
        return start(**arguments)
    worker, context = executor.WorkerProc, executor.get_mp_context
    run = worker.worker_main
    executor.get_mp_context = _forking
    worker.worker_main = staticmethod(partial(_run_on_core, core, run))
    try:
        # a list of its own: vLLM adds what the copy must close to see that this process has ended
        return start(**{**arguments, "inherited_fds": []})
    finally:
        executor.get_mp_context, worker.worker_main = context, staticmethod(run)


def _run_on_core(core: int, run: Callable[..., None], *args: Any, **arguments: Any) -> None:
    """In the copy: be bound to the core, as OpenMP binds a new interpreter, then run."""
    import torch

    os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)
    run(*args, **arguments)


def _forking() -> BaseContext:
    return multiprocessing.get_context("fork")
