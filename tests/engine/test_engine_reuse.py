"""One engine start per engine configuration, one job per run, and nothing left behind."""

import json
from itertools import pairwise

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


@pytest.mark.usefixtures("own_fork_server")
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
def test_two_calls_in_one_folder_never_time_at_once_and_leave_each_other_s_engine(prepared: Project) -> None:
    """They share the machine's one device and want one engine configuration: each starts its own, in turn."""
    runs = ("packed-n4", "separate-n4")
    calls = [start(prepared, f"results/runs/packing/{run}/measurement.json") for run in runs]
    for call in calls:
        text, _ = call.communicate(timeout=600)
        assert call.returncode == 0, text
    measured = runs_by_time(prepared)
    assert [run["status"] for run in measured] == ["ok", "ok"]
    assert [run["engine"]["reused"] for run in measured] == [False, False]
    waited = max(run["sweep"]["waited_s"] for run in measured)
    assert waited > 5, "an engine's start is longer, and is no part of what the other's job took"
    windows = [(each["started_at"], each["seconds"]) for run in measured for each in run["repeats"]]
    assert all(begin + seconds <= after for (begin, seconds), (after, _) in pairwise(windows))
