"""Environment variables of the engine process. Started by the workflow's Python: imports nothing."""

import os
from collections.abc import Mapping, Sequence


def engine_variables(
    inherited: Mapping[str, str], root: str, gpus: Sequence[str], asked: Mapping[str, str]
) -> dict[str, str]:
    """The caller's variables, ours, the GPUs held, and last what the configuration asks for."""
    path = os.pathsep.join(
        dict.fromkeys(filter(None, [root, *inherited.get("PYTHONPATH", "").split(os.pathsep)]))
    )
    ours = {
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "VLLM_NO_USAGE_STATS": "1",
        # The model folder is complete; a look at the hub could only hang.
        "HF_HUB_OFFLINE": "1",
    }
    held = {"CUDA_VISIBLE_DEVICES": ",".join(gpus)} if gpus else {}
    return {**inherited, **ours, **held, **asked}
