"""Refusals that were given on another machine: found by GPU, driver, processor and variables, and by nothing else."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from batchscope.jobs.failures.asked_elsewhere import differs, said_no_elsewhere
from batchscope.jobs.inherited_variables import inherited_variables
from batchscope.worker.telemetry.environment import describe_environment

ON_GPU = {
    "gpu": {"name": "NVIDIA H200", "driver": "580.1", "memory_bytes": 1 << 37, "ids": ["a"]},
    "cpu": {"model": "EPYC", "cores": 8},
    "variables": {"VLLM_CACHE_ROOT": "/a", "NCCL_NVLS_ENABLE": "0"},
}
ON_CPU = {**ON_GPU, "gpu": None}


def changed(environment: dict[str, Any], **values: Any) -> dict[str, Any]:
    """With other values inside of ``gpu``, ``cpu`` and ``variables``."""
    return {key: {**(environment[key] or {}), **values.get(key, {})} or None for key in environment}


@pytest.mark.parametrize(
    ("then", "values", "other"),
    [
        (ON_GPU, {}, False),
        (ON_GPU, {"gpu": {"name": "NVIDIA H100 80GB HBM3"}}, True),
        (ON_GPU, {"gpu": {"driver": "590.1"}}, True),
        (ON_GPU, {"gpu": {"ids": ["b"], "power_limit_w": 500}}, False),
        (ON_GPU, {"gpu": {"name": "", "driver": None}}, False),
        (ON_GPU, {"gpu": {"name": "unknown GPU", "driver": None}}, False),
        (ON_GPU, {"cpu": {"model": "Xeon"}}, False),
        (ON_CPU, {"cpu": {"model": "Xeon"}}, True),
        (ON_CPU, {"cpu": {"cores": 2}}, False),
        (ON_GPU, {"variables": {"VLLM_CACHE_ROOT": "/b"}}, False),
        (ON_GPU, {"variables": {"OMP_NUM_THREADS": "4", "VLLM_CPU_OMP_THREADS_BIND": "0-3"}}, False),
        (ON_GPU, {"variables": {"NCCL_NVLS_ENABLE": "1"}}, True),
        (ON_GPU, {"variables": {"TORCH_LOGS": "x"}}, True),
    ],
)
def test_only_what_an_engine_may_say_no_to_tells_machines_apart(
    then: dict[str, Any], values: dict[str, Any], other: bool
) -> None:
    assert differs(then, changed(then, **values)) == other


def test_only_refusals_are_asked_for_again(tmp_path: Path) -> None:
    here = describe_environment("cpu") | {"variables": inherited_variables(os.environ, {})}
    there = here | {"cpu": {"model": "another processor"}}
    for name, status, environment in (
        ("here", "refused", here), ("there", "refused", there), ("broken", "oom", there), ("measured", "ok", there),
    ):  # fmt: skip
        (tmp_path / name).mkdir()
        spec = {"device": "cpu", "engine": {"variables": {}}}
        (tmp_path / name / "measurement.json").write_text(json.dumps({"status": status, "spec": spec}))
        (tmp_path / name / "environment.json").write_text(json.dumps(environment))
    folders = [*sorted(tmp_path.iterdir()), tmp_path / "missing"]
    found = [folder.name for folder in folders if said_no_elsewhere(folder / "measurement.json")]
    assert found == ["there"]
