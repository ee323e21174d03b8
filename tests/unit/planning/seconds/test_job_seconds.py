"""Seconds of jobs that measure nothing: recorded here, else from the table."""

import json
from pathlib import Path

import pytest
from support.studies import DEFAULT

from batchscope.config.configuration import load_config
from batchscope.planning.seconds.job_seconds import (
    BEGIN_S,
    REPORT_S,
    SECONDS,
    SNAKEMAKE_S,
    TRAINING,
    JobSeconds,
    count_kinds,
    recorded_seconds,
)


def record(folder: Path, name: str, **values: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(values))


def test_what_ran_here_takes_what_it_took(tmp_path: Path) -> None:
    folder = tmp_path / "metadata"
    record(folder, "a", rule="make_prompts", starttime=10.0, endtime=12.0)
    record(folder, "b", rule="make_prompts", starttime=20.0, endtime=24.0)
    record(folder, "c", rule="make_prompts", starttime=30.0, endtime=39.0)
    record(folder, "d", rule="make_tables", starttime=30.0, endtime=None)
    (folder / "e").write_text("{")
    assert recorded_seconds(folder) == {"make_prompts": 4.0}
    assert recorded_seconds(tmp_path / "nowhere") == {}
    assert JobSeconds({"make_prompts": 4.0}, 1.0).of("make_prompts") == 4.0 + SNAKEMAKE_S


def test_a_slow_machine_takes_longer_for_what_is_in_the_table() -> None:
    kinds = {"make_prompts": 3, "report_cost": 1}
    assert JobSeconds({}, 1.0).total(kinds) == pytest.approx(
        BEGIN_S + 3 * SECONDS["make_prompts"] + REPORT_S + 4 * SNAKEMAKE_S
    )
    assert JobSeconds({}, 0.5).total(kinds) == pytest.approx(2 * JobSeconds({}, 1.0).total(kinds))
    assert JobSeconds({}, 1.0).total({}) == 0


def test_a_model_that_is_trained_is_a_kind_of_its_own() -> None:
    jobs = [
        {"rule": "prepare_model", "wildcards": {"model": "demo"}},
        {"rule": "make_tables", "wildcards": {}},
        {"rule": "make_prompts", "wildcards": {"prompts": "a"}},
        {"rule": "make_prompts", "wildcards": {"prompts": "b"}},
    ]
    assert count_kinds(jobs, DEFAULT) == {TRAINING: 1, "make_tables": 1, "make_prompts": 2}
    dummy = load_config({"models": {"demo": {"source": "demo", "load_format": "dummy"}}})
    assert count_kinds(jobs[:1], dummy) == {"prepare_model": 1}
