"""Where engines are known to each other: in a folder of each call of Snakemake."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.project import ROOT

from batchscope.jobs.state_folder import state_folder

ASK = "from batchscope.jobs.state_folder import state_folder; s = state_folder(); s.mkdir(parents=True); print(s)"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)


def asked_below_a_snakemake(tmp_path: Path, times: int) -> list[str]:
    """What jobs of one call are told: a process that is called snakemake starts them."""
    above = tmp_path / "snakemake"
    above.write_text('#!/bin/sh\nfor each in $(seq "$1"); do "$2" -c "$3"; done\n')
    above.chmod(0o755)
    said = subprocess.run(
        [above, str(times), sys.executable, ASK.replace("parents=True", "parents=True, exist_ok=True")],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return said.stdout.split()


def test_jobs_of_one_call_share_engines_and_two_calls_do_not(tmp_path: Path) -> None:
    """Else the call that ends first would take the other's engine along."""
    first, second = (asked_below_a_snakemake(tmp_path, 2) for _ in range(2))
    assert first[0] == first[1] != second[0] == second[1]
    assert first[0].startswith(".snakemake/batchscope/")


def test_what_ended_calls_left_is_removed_and_what_others_have_is_kept(tmp_path: Path) -> None:
    (left,) = asked_below_a_snakemake(tmp_path, 1)
    mine, elsewhere = state_folder(), Path(".snakemake/batchscope/another-host_1_1")
    for folder in (mine, elsewhere):
        folder.mkdir(parents=True)
    assert state_folder() == mine
    assert mine.exists()
    assert elsewhere.exists()
    assert not Path(left).exists()


def test_an_allocation_has_its_engines_on_its_own_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    first = state_folder()
    monkeypatch.setenv("SLURM_JOB_ID", "8")
    assert first != state_folder()
    assert first.is_absolute()
