"""CUDA_VISIBLE_DEVICES is read as CUDA reads it."""

import pytest
from support.nvml_answers import GPU_A, GPU_B, SLICE_1, SLICE_2

from batchscope.common.visible_gpus import Gpu, taken_on_trust, visible

THIRD = "GPU-aaaa0000-0000-0000-0000-000000000000"
WHOLE = [Gpu(0, GPU_A), Gpu(1, GPU_B), Gpu(2, THIRD)]
CUT = [Gpu(0, GPU_A), Gpu(1, GPU_B, (SLICE_1, SLICE_2)), Gpu(2, THIRD, ())]
"""One whole GPU, one with two slices, one in MIG mode that nobody has divided yet."""


def numbers(setting: str | None) -> list[int | None]:
    return [device.number for device in visible(setting, WHOLE)]


@pytest.mark.parametrize(
    ("setting", "seen"),
    [
        (None, [0, 1, 2]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("none", []),
        ("2,1", [2, 1]),  # this and the next: the examples of the CUDA Programming Guide
        ("0,2,-1,1", [0, 2]),
        (" 1 , 0 ", [1, 0]),
        ("0,7,1", [0]),
        ("0,x,1", [0]),
        ("0,,1", [0]),
        ("1,0,1", []),
        ("2, +1, -0", [2, 1, 0]),  # this and the next: PyTorch's tests
        ("1gpu2,2ampere", [1, 2]),
        ("4,3,two,one", []),
    ],
)
def test_numbers(setting: str | None, seen: list[int]) -> None:
    assert numbers(setting) == seen


@pytest.mark.parametrize(
    ("setting", "seen"),
    [
        (GPU_A, [0]),
        (f"{GPU_B},{GPU_A}", [1, 0]),
        ("GPU-8932f937", [0]),  # the example of the CUDA Programming Guide
        ("GPU-8a,GPU-aaaa", [1, 2]),
        ("GPU-8", []),  # two GPUs begin so
        ("GPU-aaaa,GPU-8,GPU-8932", [2]),
        ("GPU-ffff,GPU-8932", []),
        ("GPU-8932,1", [0]),
        ("0,GPU-8a", [0]),
        (f"GPU-8932,{GPU_A}", []),
        (f"GPU-8932, {GPU_B}", [0]),
    ],
)
def test_uuids(setting: str, seen: list[int]) -> None:
    assert numbers(setting) == seen


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        (SLICE_2, [SLICE_2]),
        ("MIG-9a3b", [SLICE_1]),
        (f"{SLICE_2},{SLICE_1}", [SLICE_2]),
        ("MIG-ffff", []),
        ("MIG-", []),  # either
        (None, [SLICE_1]),
        ("1", [SLICE_1]),
        ("0,1", [SLICE_1]),
        ("GPU-8a", [SLICE_1]),
        ("0", ["0"]),
        ("2", []),
        ("0,2", ["0"]),
    ],
)
def test_of_slices_one_is_seen_and_then_no_whole_gpu(setting: str | None, names: list[str]) -> None:
    assert [device.name for device in visible(setting, CUT)] == names


def test_a_slice_is_found_by_its_older_name() -> None:
    old = f"MIG-{GPU_B}/1/0"
    (seen,) = visible(old, [Gpu(0, GPU_A), Gpu(1, GPU_B, (f"MIG-{GPU_B}/2/0", old))])
    assert (seen.name, seen.uuid, seen.number) == (old, old, 1)


def test_a_gpu_is_handed_on_by_its_number() -> None:
    """Not every version of vLLM reads UUIDs, and none reads short ones."""
    assert [device.name for device in visible("GPU-aaaa,GPU-8932", WHOLE)] == ["2", "0"]


@pytest.mark.parametrize(
    ("setting", "names"),
    [("3,5", ["3", "5"]), ("3,-1,5", ["3"]), ("3,3", []), ("GPU-89,GPU-8a", ["GPU-89", "GPU-8a"]), ("", [])],
)
def test_without_a_driver_to_ask_a_list_is_believed(setting: str, names: list[str]) -> None:
    assert [device.name for device in taken_on_trust(setting)] == names
