"""Nsight Systems is asked for and is not there."""

import os
from pathlib import Path

import pytest
from support.project import ROOT, Project

PAIR = {
    "studies": {
        "packing": None,
        "saturation": {
            "set": {"layout": "packed", "texts": 120},
            "grid": {"n": [8]},
            "include": [{"layout": "separate", "n": 1}],
        },
    },
    "profile": {
        "runs": ["saturation/packed-n8", "saturation/separate-n1"],
        "steps": 3,
        "profilers": ["nsys"],
    },
}


def test_without_nsys_it_is_said_how_to_get_it_and_nothing_else_is_harmed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_nsys = [part for part in os.environ["PATH"].split(os.pathsep) if (Path(part) / "nsys").exists()]
    others = [part for part in os.environ["PATH"].split(os.pathsep) if part not in with_nsys]
    monkeypatch.setenv("PATH", os.pathsep.join(others))
    outcome = project.snakemake("profile", "results/data/summary.json", "--keep-going", config=PAIR)
    assert outcome.status == 1
    assert "there is no program 'nsys' on PATH; install Nsight Systems as docs/nsys.md says" in outcome.text
    assert (ROOT / "docs" / "nsys.md").exists()
    assert (project.results / "data" / "summary.json").exists()
    assert not list((project.results / "profiles").rglob("*.parquet"))
