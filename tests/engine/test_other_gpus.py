"""GPUs whose driver answers little: a run is measured, from the lock to its results, and what is not told is null.

The engine computes on CPU here; the guardian, the job and the worker ask NVML as they do on a machine with GPUs.
"""

import json
from types import SimpleNamespace

import pandas as pd
import pytest
from support.engines import measurement
from support.nvml_answers import GPU_A, lay_library, machine, processes
from support.project import Project

pytestmark = pytest.mark.engine

ON_A_GPU = {
    "gpus": 1,
    "environments": {"cuda": {"python": ".engines/cpu/bin/python", "device": "cuda"}},
    "engine": {"environment": "cuda"},
}
LAPTOP = {
    **machine(GPU_A, nvmlSystemGetDriverVersion="580.65.06"),
    **processes(GPU_A),
    ("nvmlDeviceGetName", GPU_A): "NVIDIA GeForce RTX 4060 Laptop GPU",
    ("nvmlDeviceGetMemoryInfo", GPU_A): SimpleNamespace(
        total=8 << 30, used=1 << 20, free=(8 << 30) - (1 << 20)
    ),
    ("nvmlDeviceGetUtilizationRates", GPU_A): SimpleNamespace(gpu=7, memory=1),
    ("nvmlDeviceGetTemperature", GPU_A, 0): 40,
}
"""It tells no power, no limit of it, no energy, no clocks and no reasons for them."""


def test_a_gpu_without_power_limit_is_measured(prepared: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    lay_library(prepared.folder, LAPTOP)
    outcome = prepared.snakemake("results/runs/packing/packed-n4/measurement.json", config=ON_A_GPU)
    assert outcome.status == 0, outcome.text
    assert measurement(prepared, "packing/packed-n4")["status"] == "ok"
    folder = prepared.results / "runs" / "packing" / "packed-n4"
    gpu = json.loads((folder / "environment.json").read_text())["gpu"]
    assert gpu["name"] == "NVIDIA GeForce RTX 4060 Laptop GPU"
    assert (gpu["memory_bytes"], gpu["driver"]) == (8 << 30, "580.65.06")
    assert gpu["power_limit_w"] is None
    assert gpu["power_limit_default_w"] is None
    sampled = pd.read_parquet(folder / "hardware.parquet")
    assert set(sampled["temperature_c"]) == {40}
    assert sampled[["power_w", "energy_j", "sm_clock_mhz"]].isna().all(axis=None)
