"""An engine sees the GPUs that are locked for it, and no others."""

import pytest
from support.nvml_answers import GPU_A, GPU_B

from batchscope.common.visible_gpus import HELD_VARIABLE, Visible
from batchscope.jobs.engine_variables import engine_variables

CALLER = {"CUDA_DEVICE_ORDER": "FASTEST_FIRST", "CUDA_VISIBLE_DEVICES": "0,1", HELD_VARIABLE: "GPU-old"}


@pytest.mark.parametrize(
    ("gpus", "names", "uuids"),
    [
        ([Visible("1", GPU_B, 1)], "1", GPU_B),
        ([Visible("1", GPU_B, 1), Visible("0", GPU_A, 0)], "1,0", f"{GPU_B},{GPU_A}"),
        ([Visible("1", GPU_B, 1), Visible("3")], "1,3", ""),
    ],
)
@pytest.mark.parametrize("asked", [{}, {"CUDA_VISIBLE_DEVICES": "7", "CUDA_DEVICE_ORDER": "FASTEST_FIRST"}])
def test_numbers_count_as_the_driver_counts(
    gpus: list[Visible], names: str, uuids: str, asked: dict[str, str]
) -> None:
    found = engine_variables(CALLER, "/checkout", gpus, asked)
    assert found["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert (found["CUDA_VISIBLE_DEVICES"], found[HELD_VARIABLE]) == (names, uuids)


def test_what_is_asked_for_counts_more_than_ours_and_the_callers() -> None:
    asked = {"VLLM_NO_USAGE_STATS": "0", "MINE": "2"}
    found = engine_variables({"MINE": "1", "PYTHONPATH": "/theirs"}, "/checkout", [], asked)
    assert (found["VLLM_NO_USAGE_STATS"], found["MINE"]) == ("0", "2")
    assert found["PYTHONPATH"] == "/checkout:/theirs"
