"""Whether an engine said no on another machine than this one, which may say yes."""

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from batchscope.common.atomic_files import read_json
from batchscope.common.nvml import open_nvml
from batchscope.jobs.device_lock import gpus_in_reach
from batchscope.jobs.inherited_variables import PLACES, inherited_variables


def said_no_elsewhere(path: Path) -> bool:
    """Whether an engine refused a run on another GPU, driver or processor, or with other variables.

    The configuration and vLLM's version are no part of this: they are parameters of a run's job.

    Args:
        path: measurement.json of the run, environment.json beside it; it need not be there.
    """
    measurement = read_json(path)
    if measurement is None or measurement.get("status") != "refused":
        return False
    then, spec = read_json(path.with_name("environment.json")), measurement["spec"]
    if then is None:
        return False
    variables = inherited_variables(os.environ, spec["engine"]["variables"])
    return differs(then, {**_this_machine(spec["device"]), "variables": variables})


@cache
def _this_machine(device: str) -> dict[str, Any]:
    """What environment.json says of the machine, as far as `differs` looks at it."""
    if device == "cuda":
        return {"gpu": _gpu(), "cpu": {"model": ""}}
    told = (line.partition(":") for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines())
    models = [value.strip() for key, _, value in told if key.strip() == "model name"]
    return {"gpu": None, "cpu": {"model": models[0] if models else ""}}


def _gpu() -> dict[str, Any]:
    """The first GPU that this process may use; without a driver where there is none."""
    nvml = open_nvml()
    gpus = gpus_in_reach(nvml)
    if nvml is None or not gpus:
        return {"name": "", "driver": None}
    name = nvml.text("nvmlDeviceGetName", (nvml.handle(gpus[0]),))
    return {"name": name, "driver": nvml.text("nvmlSystemGetDriverVersion")}


def differs(then: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two descriptions of environments differ in what an engine may say no to.

    A GPU that is not known, as on a login node, is no other one. Places of files, and threads, do not count.
    """
    first, second = (_telling(each) for each in (then, now))
    return any(first[key] and second[key] and first[key] != second[key] for key in ("gpu", "cpu")) or (
        first["variables"] != second["variables"]
    )


THREADS = re.compile(r"THREADS")
"""Snakemake sets such variables for its jobs, and no engine says no to a number of threads."""


def _tells_nothing(variable: str) -> bool:
    return bool(PLACES.search(variable) or THREADS.search(variable))


def _telling(environment: Mapping[str, Any]) -> dict[str, Any]:
    gpu, variables = environment.get("gpu") or {}, environment.get("variables") or {}
    return {
        "gpu": [gpu["name"], gpu["driver"]] if gpu.get("driver") else None,
        "cpu": None if gpu else environment["cpu"]["model"],
        "variables": {name: value for name, value in variables.items() if not _tells_nothing(name)},
    }
