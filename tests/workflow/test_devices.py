"""How Snakemake gives out devices: to jobs that take turns, and to one that needs two."""

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from support.project import ROOT

SNAKEFILE = """
from batchscope.workflow.snakemake_internals import limit_resource

TURN = {"a1": "turn_a", "a2": "turn_a", "b1": "turn_b", "b2": "turn_b", "c1": "turn_c", "wide": "turn_w"}
ORDER = ["a1", "a2", "wide", "b1", "b2", "c1"]
limit_resource(workflow, "device", 2)
for turn in set(TURN.values()):
    limit_resource(workflow, turn, 1)


rule all:
    input: expand("{name}.txt", name=ORDER)


rule take:
    output: "{name}.txt"
    priority: lambda wildcards: len(ORDER) - ORDER.index(wildcards.name)
    resources:
        **{turn: lambda wildcards, turn=turn: int(TURN[wildcards.name] == turn) for turn in set(TURN.values())},
        device=lambda wildcards: 2 if wildcards.name == "wide" else 1,
    shell: "date +%s.%N > {output}; sleep 0.3; date +%s.%N >> {output}"
"""


@pytest.fixture(scope="module")
def spans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, float]]:
    """When each job began and ended."""
    folder: Path = tmp_path_factory.mktemp("devices")
    (folder / "Snakefile").write_text(SNAKEFILE)
    call = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "6", "--directory", str(folder)],
        cwd=folder, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(folder)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert call.returncode == 0, call.stderr
    files = {path.stem: path.read_text().split() for path in folder.glob("*.txt")}
    return {name: (float(begin), float(end)) for name, (begin, end) in files.items()}


def at_once(spans: dict[str, tuple[float, float]]) -> set[frozenset[str]]:
    return {
        frozenset((one, other))
        for one, other in combinations(spans, 2)
        if spans[one][0] < spans[other][1] and spans[other][0] < spans[one][1]
    }


def test_jobs_of_one_turn_are_never_at_the_same_time_and_the_second_device_has_another_turn(spans) -> None:
    found = at_once(spans)
    assert not found & {frozenset(("a1", "a2")), frozenset(("b1", "b2"))}
    assert frozenset(("a1", "b1")) in found, "though a2 comes before b1"


def test_a_job_that_needs_both_devices_has_its_time_alone(spans) -> None:
    assert "wide" in spans, "it is not starved"
    assert not any("wide" in pair for pair in at_once(spans))
