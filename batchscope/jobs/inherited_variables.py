"""The caller's environment variables that reach an engine and change what it does.

Another shell may mean another speed. So they stand in environment.json and in its fingerprint, and an engine
is shared only by jobs that have the same ones. `batchscope.jobs.engine_variables` keeps others away from it.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from batchscope.common.canonical_json import canonical_json
from batchscope.common.visible_gpus import HELD_CORES, HELD_VARIABLE
from batchscope.jobs.engine_variables import not_passed_on

READ_BY_LIBRARIES = (
    "VLLM_", "TORCH", "PYTORCH_", "NCCL_", "CUDA_", "CUBLAS", "CUDNN_", "TRITON_", "FLASHINFER_",
    "OMP_", "MKL_", "KMP_",
)  # fmt: skip
"""Prefixes of variables that vLLM and what it computes with read."""

SET_BY_US = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", HELD_VARIABLE, HELD_CORES)

VERSIONS = re.compile(r"_VERSION$")
"""What images of containers say of themselves; nothing reads it."""

PLACES = re.compile(r"(_HOME|_PATH|_DIR|_ROOT|_CACHE|_IP|_SO)$|_(CACHE|CONFIG)_")
"""Where things lie on a machine: written down, and no part of what makes two machines alike."""

THREADS_BIND = "VLLM_CPU_OMP_THREADS_BIND"
"""The cores to be used, such as ``0-3,6``; of which only their number makes an engine faster."""


def inherited_variables(caller: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, str]:
    """Those of the caller's variables that an engine gets and reads.

    Args:
        caller: all that the caller has.
        asked: ``engine.variables`` of the configuration, which count instead, and are part of the run.
    """
    others = {*SET_BY_US, *asked, *not_passed_on(caller)}
    return {
        name: caller[name]
        for name in sorted(caller)
        if name.startswith(READ_BY_LIBRARIES) and name not in others and not VERSIONS.search(name)
    }


def with_inherited(environment: Mapping[str, Any], inherited: Mapping[str, str]) -> dict[str, Any]:
    """The content of environment.json with these variables, which its fingerprint then depends on.

    Without any it is as it was, and so is what it may be compared with. Nor has an engine that was never
    asked a fingerprint.
    """
    found = {**environment, "variables": dict(inherited)}
    telling = {name: _telling(name, value) for name, value in inherited.items() if not PLACES.search(name)}
    if telling and environment["fingerprint"]:
        text = f"{environment['fingerprint']} {canonical_json(telling)}"
        found["fingerprint"] = hashlib.sha256(text.encode()).hexdigest()[:12]
    return found


def _telling(name: str, value: str) -> str:
    """What two machines that are alike have in common of a variable."""
    return f"{cores_in(value)} cores" if name == THREADS_BIND and cores_in(value) else value


def cores_in(value: str) -> int:
    """How many cores a list such as ``0-3,6|8`` names; 0 for a word such as ``all``."""
    ranges = re.findall(r"(\d+)(?:-(\d+))?", value)
    return sum(int(last or first) - int(first) + 1 for first, last in ranges)
