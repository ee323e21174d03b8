"""Environment variables of the engine process."""

import os
from collections.abc import Mapping, Sequence

from batchscope.common.visible_gpus import HELD_VARIABLE, Visible


def engine_variables(
    inherited: Mapping[str, str], root: str, gpus: Sequence[Visible], asked: Mapping[str, str]
) -> dict[str, str]:
    """Variables for an engine's process; of two with one name, the later in this list counts.

    ``inherited`` (the caller's), ours, ``asked`` (``engine.variables`` of the configuration), then those by
    which CUDA sees the GPUs that are held, and no others. ``root``: the checkout, which goes onto PYTHONPATH.
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
    return {**inherited, **ours, **asked, **_held(gpus)}


def _held(gpus: Sequence[Visible]) -> dict[str, str]:
    """Variables that name GPUs; CUDA's own order, the fastest first, is not that of nvidia-smi and NVML."""
    if not gpus:
        return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    uuids = [gpu.uuid for gpu in gpus if gpu.uuid]
    return {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": ",".join(gpu.name for gpu in gpus),
        HELD_VARIABLE: ",".join(uuids) if len(uuids) == len(gpus) else "",
    }
