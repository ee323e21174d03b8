"""Which of the caller's variables an engine gets."""

import pytest

from batchscope.jobs.engine_variables import engine_variables, not_passed_on


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
    assert engine_variables({"VLLM_X": "shell"}, "/here", ["3"], {"VLLM_X": "asked"})["VLLM_X"] == "asked"
    assert engine_variables({}, "/here", ["3", "5"], {})["CUDA_VISIBLE_DEVICES"] == "3,5"
