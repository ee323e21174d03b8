"""Variables of the caller that reach an engine are told, and part of what machines have in common."""

import pytest

from batchscope.jobs.inherited_variables import cores_in, inherited_variables, with_inherited

ENVIRONMENT = {"device": "cuda", "fingerprint": "f00d"}


def fingerprint(**inherited: str) -> str:
    return with_inherited(ENVIRONMENT, inherited)["fingerprint"]


@pytest.mark.parametrize("name", ["TORCH_CUDNN_V8_API_ENABLED", "PYTORCH_CUDA_ALLOC_CONF", "NCCL_P2P_DISABLE", "CUDA_LAUNCH_BLOCKING", "OMP_NUM_THREADS"])  # fmt: skip
def test_what_changes_an_engine_is_told_and_changes_the_fingerprint(name: str) -> None:
    caller = {name: "1", "HOME": "/root", "LANG": "C"}
    assert inherited_variables(caller, {}) == {name: "1"}
    assert len({fingerprint(), fingerprint(**{name: "1"}), fingerprint(**{name: "0"})}) == 3
    assert with_inherited(ENVIRONMENT, {name: "1"})["variables"] == {name: "1"}


def test_nothing_inherited_leaves_a_fingerprint_as_it_was() -> None:
    assert fingerprint() == "f00d"
    assert with_inherited({"fingerprint": ""}, {"NCCL_DEBUG": "INFO"})["fingerprint"] == ""


@pytest.mark.parametrize("name", ["VLLM_USE_V1", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_VERSION"])
def test_what_an_engine_does_not_get_or_nothing_reads_is_left_out(name: str) -> None:
    assert inherited_variables({name: "1"}, {}) == {}


def test_the_configuration_s_own_variables_are_part_of_the_run_instead() -> None:
    assert inherited_variables({"NCCL_DEBUG": "INFO"}, {"NCCL_DEBUG": "WARN"}) == {}


def test_places_are_told_and_make_no_two_machines_differ() -> None:
    places = {"CUDA_HOME": "/usr/local/cuda", "VLLM_CACHE_ROOT": "/x", "TORCHINDUCTOR_CACHE_DIR": "/y"}
    assert inherited_variables(places, {}) == places
    assert fingerprint(**places) == "f00d"


@pytest.mark.parametrize(("value", "count"), [("0", 1), ("0-3", 4), ("0-3,6|8-9", 7), ("all", 0)])
def test_of_cores_their_number_counts(value: str, count: int) -> None:
    assert cores_in(value) == count


def test_one_core_is_as_good_as_another_and_two_are_more() -> None:
    bind = "VLLM_CPU_OMP_THREADS_BIND"
    assert inherited_variables({bind: "0"}, {}) == {bind: "0"}
    assert fingerprint(**{bind: "0"}) == fingerprint(**{bind: "1"}) != fingerprint(**{bind: "0-1"})
