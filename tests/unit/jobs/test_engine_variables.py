"""An engine sees the GPUs that are locked for it and no others, and nothing of the caller's that would change it."""

import pytest
from support.nvml_answers import GPU_A, GPU_B

from batchscope.common.visible_gpus import HELD_VARIABLE, Visible
from batchscope.jobs.engine_variables import engine_variables, not_passed_on

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


@pytest.mark.parametrize(
    ("name", "reaches"),
    [
        ("VLLM_API_KEY", False),  # the server would answer nobody
        ("VLLM_CONFIGURE_LOGGING", False),  # no cause would be found
        ("VLLM_ENABLE_V1_MULTIPROCESSING", False),  # another speed
        ("UVICORN_ROOT_PATH", False),
        ("WEB_CONCURRENCY", False),
        ("PYTHONWARNINGS", False),
        ("VLLM_CACHE_ROOT", True),
        ("VLLM_CPU_OMP_THREADS_BIND", True),
        ("HTTPS_PROXY", True),
        ("LD_LIBRARY_PATH", True),
    ],
)
def test_nothing_of_the_caller_changes_or_blocks_an_engine(name: str, reaches: bool) -> None:
    assert (engine_variables({name: "1"}, "/here", [], {}).get(name) == "1") == reaches
    assert not_passed_on([name]) == ([] if reaches else [name])


def test_the_configuration_sets_what_is_meant() -> None:
    assert (
        engine_variables({"VLLM_X": "shell"}, "/here", [Visible("3")], {"VLLM_X": "asked"})["VLLM_X"]
        == "asked"
    )
    assert engine_variables({}, "/here", [Visible("3"), Visible("5")], {})["CUDA_VISIBLE_DEVICES"] == "3,5"


def test_an_engine_with_a_set_of_cores_is_bound_to_it_whatever_the_caller_says() -> None:
    caller = {"VLLM_CPU_OMP_THREADS_BIND": "0-63"}
    found = engine_variables(caller, "/here", [Visible("4,6", cores=(4, 6))], {})
    assert found["VLLM_CPU_OMP_THREADS_BIND"] == found["BATCHSCOPE_HELD_CORES"] == "4,6"
    assert "CUDA_VISIBLE_DEVICES" not in found
    assert engine_variables(caller, "/here", [], {})["VLLM_CPU_OMP_THREADS_BIND"] == "0-63"
