"""How vLLM starts its engine core: the process that schedules, offline and in the server."""

import multiprocessing


def fork_engine_core() -> None:
    """On CPU, let the engine core's process begin as a copy of this one, as vLLM does it on CUDA.

    On CPU vLLM starts it as a new interpreter, and so its worker. Each imports vLLM again, as long
    as all else takes. The worker must be new: OpenMP reads where its threads belong when it is loaded.
    The engine core computes nothing. Seen to work with vLLM 0.32.
    """
    from vllm.platforms import current_platform
    from vllm.v1.engine import utils

    if current_platform.is_cpu():
        utils.get_mp_context = lambda: multiprocessing.get_context("fork")
