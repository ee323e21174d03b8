"""Environment variables of the engine process."""

import os
from collections.abc import Iterable, Mapping, Sequence

from batchscope.common.visible_gpus import HELD_CORES, HELD_VARIABLE, Visible

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
    inherited: Mapping[str, str], root: str, gpus: Sequence[Visible], asked: Mapping[str, str]
) -> dict[str, str]:
    """Variables for an engine's process; of two with one name, the later in this list counts.

    ``inherited`` (the caller's) without `not_passed_on`, ours, ``asked`` (``engine.variables`` of the
    configuration), then those by which CUDA sees the GPUs that are held, and no others, or vLLM uses the
    cores. ``root``: the checkout, which goes onto PYTHONPATH.
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
    left_out = not_passed_on(inherited)
    passed_on = {name: value for name, value in inherited.items() if name not in left_out}
    return {**passed_on, **ours, **asked, **_held(gpus)}


def _held(gpus: Sequence[Visible]) -> dict[str, str]:
    """Variables that name GPUs, or cores; CUDA's own order, the fastest first, is not that of nvidia-smi."""
    if not gpus:
        return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    if gpus[0].cores:
        cores = ",".join(gpu.name for gpu in gpus)
        return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "VLLM_CPU_OMP_THREADS_BIND": cores, HELD_CORES: cores}
    uuids = [gpu.uuid for gpu in gpus if gpu.uuid]
    return {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": ",".join(gpu.name for gpu in gpus),
        HELD_VARIABLE: ",".join(uuids) if len(uuids) == len(gpus) else "",
    }
