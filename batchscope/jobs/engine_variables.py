"""Environment variables of the engine process."""

import os
from collections.abc import Mapping, Sequence


def engine_variables(
    inherited: Mapping[str, str], root: str, gpus: Sequence[str], asked: Mapping[str, str]
) -> dict[str, str]:
    """Variables for an engine's process; of two with one name, the later in this list counts.

    ``inherited`` (the caller's), ours, CUDA_VISIBLE_DEVICES for the GPUs held, then ``asked``
    (``engine.variables`` of the configuration). ``root``: the checkout, which goes onto PYTHONPATH.
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
    return {**inherited, **ours, **held, **asked}
