"""GPUs described and sampled, whatever of NVML answers."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pynvml
import pytest
from support.nvml_answers import GPU_A, GPU_B, SLICE_1, Recorded, divided, machine, processes

from batchscope.common.nvml import Nvml
from batchscope.common.schemas import HARDWARE
from batchscope.worker.telemetry.gpus import GpuProbe, computing, describe_gpu, own_processes, visible_gpus

ENGINE, STRANGER, EARLIER = 100, 200, 300


def memory(total: int, used: int) -> SimpleNamespace:
    return SimpleNamespace(total=total, used=used, free=total - used)


DATA_CENTRE = {
    ("nvmlSystemGetDriverVersion",): "580.105.08",
    ("nvmlDeviceGetName", GPU_A): "NVIDIA H200",
    ("nvmlDeviceGetMemoryInfo", GPU_A): memory(150_754_820_096, 621_150_208),
    ("nvmlDeviceGetPowerManagementLimit", GPU_A): 700_000,
    ("nvmlDeviceGetPowerManagementDefaultLimit", GPU_A): 700_000,
    ("nvmlDeviceGetPowerUsage", GPU_A): 118_642,
    ("nvmlDeviceGetTotalEnergyConsumption", GPU_A): 1_904_331_117,
    ("nvmlDeviceGetUtilizationRates", GPU_A): SimpleNamespace(gpu=97, memory=41),
    ("nvmlDeviceGetClockInfo", GPU_A, pynvml.NVML_CLOCK_SM): 1980,
    ("nvmlDeviceGetClockInfo", GPU_A, pynvml.NVML_CLOCK_MEM): 3201,
    ("nvmlDeviceGetTemperature", GPU_A, pynvml.NVML_TEMPERATURE_GPU): 41,
    ("nvmlDeviceGetCurrentClocksEventReasons", GPU_A): 4,
    **processes(GPU_A, ENGINE),
}
LAPTOP = {
    key: value for key, value in DATA_CENTRE.items() if "Power" not in key[0] and "Energy" not in key[0]
}
SLICE = {
    **divided(GPU_A, SLICE_1),
    ("nvmlDeviceGetName", SLICE_1): "NVIDIA H200 MIG 1g.18gb",
    ("nvmlDeviceGetMemoryInfo", SLICE_1): memory(17_179_869_184, 0),
}
KINDS = {"data centre": DATA_CENTRE, "laptop": LAPTOP, "slice": SLICE, "one that says nothing": {}}


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def nvml_of(answers: Mapping[tuple[Any, ...], Any], *uuids: str) -> Nvml:
    return Nvml(Recorded({**machine(*(uuids or (GPU_A,))), **answers}))


def described(kind: str) -> dict[str, Any]:
    nvml = nvml_of(KINDS[kind])
    (device,) = visible_gpus(nvml)
    return describe_gpu(nvml, device)


@pytest.mark.parametrize(
    ("kind", "name", "memory_bytes", "driver", "limit"),
    [
        ("data centre", "NVIDIA H200", 150_754_820_096, "580.105.08", 700),
        ("laptop", "NVIDIA H200", 150_754_820_096, "580.105.08", None),
        ("slice", "NVIDIA H200 MIG 1g.18gb", 17_179_869_184, None, None),
        ("one that says nothing", "unknown GPU", None, None, None),
    ],
)
def test_what_a_gpu_does_not_tell_is_null(
    kind: str, name: str, memory_bytes: int | None, driver: str | None, limit: float | None
) -> None:
    assert described(kind) == {
        "name": name,
        "memory_bytes": memory_bytes,
        "driver": driver,
        "power_limit_w": limit,
        "power_limit_default_w": limit,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_fits_the_table_whatever_is_missing(kind: str) -> None:
    probe = GpuProbe(nvml_of(KINDS[kind]), {ENGINE}, set())
    rows = [{"repeat": 0, **row} for row in probe.sample()]
    (row,) = pa.Table.from_pylist(rows, HARDWARE).to_pylist()
    assert row["gpu"] == 0
    told = {name for name, value in row.items() if value is not None}
    assert set(row) - told >= {"engine_utilization", "stolen"}
    assert ("power_w" in told) == ("energy_j" in told) == (kind == "data centre")
    assert ("memory_used_bytes" in told) == (kind != "one that says nothing")


def test_a_sample_in_units() -> None:
    (row,) = GpuProbe(nvml_of(DATA_CENTRE), {ENGINE}, set()).sample()
    assert row | {"time_s": 0} == {
        "time_s": 0, "gpu": 0, "utilization": 0.97, "memory_used_bytes": 621_150_208, "power_w": 118.642,
        "energy_j": 1_904_331.117, "sm_clock_mhz": 1980, "memory_clock_mhz": 3201, "temperature_c": 41,
        "clock_event_reasons": 4, "foreign_processes": 0,
    }  # fmt: skip


def test_an_idle_gpu_uses_nothing_rather_than_an_unknown_amount() -> None:
    idle = {
        ("nvmlDeviceGetPowerUsage", GPU_A): 0,
        ("nvmlDeviceGetTotalEnergyConsumption", GPU_A): 0,
        ("nvmlDeviceGetUtilizationRates", GPU_A): SimpleNamespace(gpu=0, memory=0),
    }
    (row,) = GpuProbe(nvml_of(idle), {ENGINE}, set()).sample()
    assert (row["power_w"], row["energy_j"], row["utilization"]) == (0, 0, 0)


def test_reasons_for_low_clocks_under_their_older_name() -> None:
    (row,) = GpuProbe(
        nvml_of({("nvmlDeviceGetCurrentClocksThrottleReasons", GPU_A): 8}), {ENGINE}, set()
    ).sample()
    assert row["clock_event_reasons"] == 8


def test_the_gpus_sampled_are_those_that_cuda_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-8a")
    probe = GpuProbe(nvml_of(processes(GPU_B, ENGINE), GPU_A, GPU_B), {ENGINE}, set())
    assert [row["gpu"] for row in probe.sample()] == [1]
    assert probe.computing() == [GPU_B]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "NoDevFiles")
    nobody = GpuProbe(nvml_of({}, GPU_A, GPU_B), {ENGINE}, set())
    assert (nobody.sample(), nobody.computing()) == ([], None)


def test_an_engine_on_another_gpu_than_the_one_sampled_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    answers = {**processes(GPU_A), **processes(GPU_B, ENGINE)}
    assert GpuProbe(nvml_of(answers, GPU_A, GPU_B), {ENGINE}, set()).computing() == [GPU_B]


@pytest.mark.parametrize(
    ("users", "found"),
    [
        ({GPU_A: {ENGINE, STRANGER}, GPU_B: {STRANGER}}, [GPU_A]),
        ({GPU_A: {EARLIER}, GPU_B: {ENGINE}}, [GPU_B]),
        ({GPU_A: {ENGINE}, GPU_B: {ENGINE}}, [GPU_A, GPU_B]),
        ({GPU_A: None, GPU_B: None}, None),
        ({GPU_A: set(), GPU_B: set()}, None),
        ({GPU_A: None, GPU_B: {EARLIER}}, None),
        # from here on a container, in which the driver uses the host's ids: 900 came meanwhile
        ({GPU_A: {900}, GPU_B: set()}, [GPU_A]),
        ({GPU_A: {900}, GPU_B: {ENGINE}}, [GPU_A]),  # on the host that id is a stranger's
        ({GPU_A: {900}, GPU_B: {901}}, [GPU_A]),
        ({GPU_A: {EARLIER}, GPU_B: {900}}, [GPU_B]),
        ({GPU_A: {EARLIER}, GPU_B: {EARLIER}}, None),
    ],
)
def test_where_an_engine_computes(users: dict[str, set[int] | None], found: list[str] | None) -> None:
    assert computing(users, [GPU_A], {ENGINE}, {EARLIER}) == found


def test_own_processes_in_and_out_of_a_container() -> None:
    assert own_processes({ENGINE, STRANGER}, {ENGINE, 101}, set()) == {ENGINE, 101}
    assert own_processes({900, EARLIER}, {ENGINE}, {EARLIER}) == {900}
