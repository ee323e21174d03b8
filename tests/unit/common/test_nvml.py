"""Every answer of NVML is optional."""

import sys
from types import SimpleNamespace

import pynvml
import pytest
from support.nvml_answers import GPU_A, GPU_B, SLICE_1, SLICE_2, Recorded, divided, machine, processes

from batchscope.common.nvml import Nvml, open_nvml
from batchscope.common.visible_gpus import Gpu, Visible

OF_A = (GPU_A,)


@pytest.mark.parametrize(
    "error",
    [
        pynvml.NVML_ERROR_NOT_SUPPORTED,  # a laptop's power limit
        pynvml.NVML_ERROR_FUNCTION_NOT_FOUND,  # an older driver
        pynvml.NVML_ERROR_NO_PERMISSION,  # another user's slice
        pynvml.NVML_ERROR_GPU_IS_LOST,
    ],
)
def test_an_error_is_no_answer(error: int) -> None:
    nvml = Nvml(Recorded({("nvmlDeviceGetPowerUsage", GPU_A): pynvml.NVMLError(error)}))
    assert nvml.ask("nvmlDeviceGetPowerUsage", of=OF_A) is None


def test_a_function_that_the_library_lacks_is_no_answer() -> None:
    older = SimpleNamespace(NVMLError=pynvml.NVMLError, nvmlDeviceGetIndex=lambda _: 3)
    assert Nvml(older).ask("nvmlDeviceGetCurrentClocksEventReasons", of=OF_A) is None
    assert Nvml(older).ask("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetIndex", of=OF_A) == 3


def test_zero_is_an_answer() -> None:
    answers = {("nvmlDeviceGetPowerUsage", GPU_A): 0, ("nvmlDeviceGetIndex", GPU_A): 1}
    assert Nvml(Recorded(answers)).ask("nvmlDeviceGetPowerUsage", "nvmlDeviceGetIndex", of=OF_A) == 0


def test_a_fault_of_ours_is_no_missing_answer() -> None:
    with pytest.raises(TypeError):
        Nvml(SimpleNamespace(NVMLError=pynvml.NVMLError, f=lambda: 1)).ask("f", of=(1, 2))


def test_texts_were_bytes_in_older_libraries() -> None:
    answers = {("nvmlDeviceGetName", GPU_A): b"Tesla T4", ("nvmlDeviceGetName", GPU_B): "NVIDIA H200"}
    nvml = Nvml(Recorded(answers))
    assert [nvml.text("nvmlDeviceGetName", (gpu,)) for gpu in (GPU_A, GPU_B, "x")] == [
        "Tesla T4",
        "NVIDIA H200",
        None,
    ]


def test_gpus_with_and_without_slices() -> None:
    answers = {
        **machine(GPU_A, GPU_B),
        ("nvmlDeviceGetMigMode", GPU_A): [0, 0],
        **divided(GPU_B, SLICE_1, SLICE_2),
    }
    assert Nvml(Recorded(answers)).gpus() == [Gpu(0, GPU_A, None), Gpu(1, GPU_B, (SLICE_1, SLICE_2))]


def test_a_gpu_that_says_nothing_is_counted() -> None:
    lost = pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
    answers = {**machine(GPU_A, GPU_B), ("nvmlDeviceGetHandleByIndex", 0): lost}
    assert Nvml(Recorded(answers)).gpus() == [Gpu(0), Gpu(1, GPU_B)]
    assert Nvml(Recorded({})).gpus() == []


def test_handles_of_gpus_and_slices() -> None:
    nvml = Nvml(Recorded({**machine(GPU_A, GPU_B), **divided(GPU_B, SLICE_1)}))
    assert nvml.handle(Visible("1", GPU_B, 1)) == GPU_B
    assert nvml.handle(Visible(SLICE_1, SLICE_1, 1)) == SLICE_1
    assert nvml.handle(Visible("5", None, 5)) is None


def test_users_of_a_gpu() -> None:
    nvml = Nvml(Recorded(processes(GPU_A, 7, 8)))
    assert nvml.users(GPU_A) == {7, 8}
    assert nvml.users(GPU_B) is None


def test_a_machine_without_driver_or_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_driver() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", no_driver)
    assert open_nvml() is None
    monkeypatch.setitem(sys.modules, "pynvml", None)  # as if it were not installed
    assert open_nvml() is None
