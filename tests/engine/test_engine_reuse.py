"""One engine start per engine configuration, one job per run, and nothing left behind."""

import json
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.engines import engine_processes, measurement, start, wait_until
from support.project import Project

pytestmark = pytest.mark.engine

TWO_ENGINES = {
    "studies": {
        "packing": {"grid": {"engine.max_num_seqs": [32, 64], "layout": ["packed", "separate"]}},
        "saturation": None,
    }
}


def runs_by_time(project: Project) -> list[dict]:
    found = [json.loads(path.read_text()) for path in (project.results / "runs").rglob("measurement.json")]
    return sorted(found, key=lambda run: run["repeats"][0]["started_at"])


def test_runs_of_one_configuration_share_one_start(measured: Project) -> None:
    engines = [run["engine"] for run in runs_by_time(measured)]
    assert sum(not engine["reused"] for engine in engines) >= 1
    first = next(engine for engine in engines if not engine["reused"])
    assert first["age_s"] < 5
    assert all(engine["runs_before"] > 0 for engine in engines if engine["reused"])


def test_engines_are_started_once_each_and_end_with_the_workflow(prepared: Project) -> None:
    outcome = prepared.snakemake("all", "--until", "measure", config=TWO_ENGINES)
    assert outcome.status == 0, outcome.text
    assert wait_until(lambda: not engine_processes(prepared), 10)
    runs = runs_by_time(prepared)
    assert [run["engine"]["reused"] for run in runs] == [False, True, False, True]
    sizes = [run["engine"]["resolved"]["max_num_seqs"] for run in runs]
    assert sizes[0] == sizes[1] != sizes[2] == sizes[3]
    assert all(run["invalid"] == [] for run in runs)
    windows = [(pass_["started_at"], pass_["seconds"]) for run in runs for pass_ in run["repeats"]]
    assert all(start + seconds <= after for (start, seconds), (after, _) in pairwise(windows))


def test_reuse_and_telemetry_can_be_switched_off(prepared: Project) -> None:
    alone = {"measure": {"engine_reuse": False, "telemetry": False}, "studies": {"saturation": None}}
    outcome = prepared.snakemake("all", config=alone)
    assert outcome.status == 0, outcome.text
    assert [run["engine"]["reused"] for run in runs_by_time(prepared)] == [False, False]
    result = measurement(prepared, "packing/packed-n4")
    assert (
        result["spec"]["measure"] | {"engine_reuse": False, "telemetry": False} == result["spec"]["measure"]
    )
    assert [repeat["steps"] for repeat in result["repeats"]] == [None, None]
    for name in ("steps", "hardware"):
        assert pq.read_table(prepared.results / f"runs/packing/packed-n4/{name}.parquet").num_rows == 0


@pytest.mark.long
def test_two_workflows_never_time_at_once(prepared_once: Project, tmp_path: Path) -> None:
    """They share the machine's one device: each waits while the other's engine holds it."""
    projects = [prepared_once.copy(tmp_path / name) for name in ("first", "second")]
    calls = [start(project, "results/runs/packing/packed-n4/measurement.json") for project in projects]
    for call in calls:
        text, _ = call.communicate(timeout=600)
        assert call.returncode == 0, text
    windows = []
    waited = [sum(run["sweep"]["waited_s"] for run in runs_by_time(project)) for project in projects]
    assert max(waited) > 5, "an engine's start is longer, and is no part of what the other's job took"
    for number, project in enumerate(projects):
        for run in runs_by_time(project):
            assert run["status"] == "ok"
            windows += [(each["started_at"], each["seconds"], number) for each in run["repeats"]]
    assert {number for *_, number in windows} == {0, 1}
    windows.sort()
    assert all(begin + seconds <= after for (begin, seconds, _), (after, *_) in pairwise(windows))
