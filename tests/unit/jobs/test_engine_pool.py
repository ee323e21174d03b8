"""Where engines are known to each other."""

from pathlib import Path

import pytest

from batchscope.jobs.engine_pool import state_folder


def test_an_allocation_has_its_engines_on_its_own_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert state_folder() == Path(".snakemake/batchscope")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    first = state_folder()
    monkeypatch.setenv("SLURM_JOB_ID", "8")
    assert first != state_folder()
    assert first.is_absolute()
