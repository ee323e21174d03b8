"""A sweep uses all devices: two sets of cores stand for two GPUs."""

import json
import os
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from support.engines import engine_processes, wait_until
from support.project import Project

pytestmark = pytest.mark.engine


def job(folder: Path) -> tuple[float, float, int, str]:
    """When a run's job began and ended, the core that it had, and its engine's start."""
    path = folder / "measurement.json"
    run = json.loads(path.read_text())
    cpu = json.loads((folder / "environment.json").read_text())["cpu"]
    assert run["status"] == "ok"
    assert cpu["cores"] == len(cpu["held"]) == 1, "the engine's processes are on that core"
    end = path.stat().st_mtime
    return end - run["sweep"]["seconds"], end, cpu["held"][0], run["engine"]["start_id"]


def test_engines_are_measured_beside_each_other_and_runs_of_one_after_each_other(prepared: Project) -> None:
    first, second = sorted(os.sched_getaffinity(0))[:2]
    sweep = {
        "core_sets": [[first], [second]],
        "studies": {
            "packing": {"grid": {"engine.max_num_seqs": [32, 64], "layout": ["packed", "separate"]}},
            "saturation": None,
        },
    }
    outcome = prepared.snakemake("all", "--until", "measure", config=sweep, cores=2)
    assert outcome.status == 0, outcome.text
    jobs = sorted(map(job, (prepared.results / "runs" / "packing").iterdir()))
    assert len(jobs) == 4
    by_core = {core: [each for each in jobs if each[2] == core] for core in (first, second)}
    assert all(len(mine) == 2 for mine in by_core.values()), "each engine has a device, and both have one"
    for mine in by_core.values():
        assert len({start for *_, start in mine}) == 1, "an engine is started once"
        assert all(end <= begin for (_, end, *_), (begin, *_) in pairwise(mine)), "no two jobs on one device"
    beside = [
        (one, other) for one, other in combinations(jobs, 2) if one[2] != other[2] and other[0] < one[1]
    ]
    assert beside, "jobs of two devices at the same time"
    assert wait_until(lambda: not engine_processes(prepared), 10)
