"""Environment variables of the engine process."""

import os
from collections.abc import Iterable, Mapping, Sequence

READ_BY_ENGINES = ("VLLM_", "UVICORN_")
"""Prefixes of variables that change what vLLM does, or whom its server answers."""

ALSO_READ = ("WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS", "PYTHONWARNINGS", "PYTHONOPTIMIZE")

OF_THE_MACHINE = (
    "VLLM_ASSETS_CACHE",
    "VLLM_CACHE_ROOT",
    "VLLM_CONFIG_ROOT",
    "VLLM_CPU_OMP_THREADS_BIND",
    "VLLM_HOST_IP",
    "VLLM_NCCL_SO_PATH",
    "VLLM_RPC_BASE_PATH",
)
"""Those that say where things lie on a machine, and which of its cores are to be used."""


def not_passed_on(inherited: Iterable[str]) -> list[str]:
    """The caller's variables that engines do not get: a result must not depend on who calls, unseen.

    ``engine.variables`` of the configuration sets what is meant.
    """
    return sorted(
        name
        for name in inherited
        if (name.startswith(READ_BY_ENGINES) and name not in OF_THE_MACHINE) or name in ALSO_READ
    )


def engine_variables(
    inherited: Mapping[str, str], root: str, gpus: Sequence[str], asked: Mapping[str, str]
) -> dict[str, str]:
    """Variables for an engine's process; of two with one name, the later in this list counts.

    ``inherited`` (the caller's) without `not_passed_on`, ours, CUDA_VISIBLE_DEVICES for the GPUs held, then
    ``asked`` (``engine.variables`` of the configuration). ``root``: the checkout, which goes onto PYTHONPATH.
    """
    path = os.pathsep.join(
        dict.fromkeys(filter(None, [root, *inherited.get("PYTHONPATH", "").split(os.pathsep)]))
    )
    ours = {
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "VLLM_NO_USAGE_STATS": "1",
        # The model folder is complete: asking the hub could only hang.
        "HF_HUB_OFFLINE": "1",
    }
    held = {"CUDA_VISIBLE_DEVICES": ",".join(gpus)} if gpus else {}
    left_out = not_passed_on(inherited)
    passed_on = {name: value for name, value in inherited.items() if name not in left_out}
    return {**passed_on, **ours, **held, **asked}
