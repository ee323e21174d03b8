"""Which runs are measured again, and what is said where there are none."""

import json
from pathlib import Path

import pytest
import yaml
from support.analysis_helpers import write_run

from batchscope.common.errors import UserError
from batchscope.common.seal import sealed
from batchscope.results.configured_runs import asked
from batchscope.studies.grid import expand_studies
from scripts.retry_failed import configuration, failed_runs, nothing_to_retry

MINE = {"studies": {"mine": {"grid": {"n": [4, 8]}}}}
OTHER = {"studies": {"other": {"grid": {"n": [4]}}}}


def measured(results: Path, study: str, n: int, status: str) -> Path:
    left = {} if status == "ok" else {"more": {"repeats": []}}
    return write_run(results, study=study, n=n, status=status, **left)


def overlay(folder: Path, name: str, values: dict) -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two runs of a study, one of which failed; config.json is that of another overlay's plan."""
    folder = tmp_path / "results"
    measured(folder, "mine", 4, "ok")
    measured(folder, "mine", 8, "oom")
    (folder / "config.json").write_text(
        configuration([overlay(tmp_path, "other.yaml", OTHER)]).model_dump_json()
    )
    return folder


def test_a_plan_of_another_overlay_hides_no_failure(results: Path, tmp_path: Path) -> None:
    last = configuration([results / "config.json"])
    assert failed_runs(results, last) == []
    said = nothing_to_retry(results)
    assert "Of others these did: mine/packed-n8; name their overlay with --configfile" in said
    # the remedy
    named = configuration([overlay(tmp_path, "mine.yaml", MINE)])
    assert failed_runs(results, named) == [results / "runs/mine/packed-n8/measurement.json"]


def test_overlays_lie_over_each_other(tmp_path: Path) -> None:
    paths = [overlay(tmp_path, "1.yaml", MINE), overlay(tmp_path, "2.yaml", {"studies": {"mine": None}})]
    assert "mine" in configuration(paths[:1]).active_studies
    assert "mine" not in configuration(paths).active_studies


def test_nothing_failed(tmp_path: Path) -> None:
    measured(tmp_path, "layouts", 4, "ok")
    assert nothing_to_retry(tmp_path) == "nothing to retry: no run failed"


def test_the_workflow_has_not_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json: not there; run snakemake --cores 1 all first"):
        configuration([tmp_path / "config.json"])


@pytest.mark.parametrize("name", ["measurement.json", "steps.parquet"])
def test_a_damaged_run_is_measured_again(tmp_path: Path, name: str) -> None:
    mine = configuration([overlay(tmp_path, "mine.yaml", MINE)])
    folder = measured(tmp_path, "mine", 4, "ok")
    assert failed_runs(tmp_path, mine) == []
    path = folder / "measurement.json"
    value = sealed(json.loads(path.read_text()), folder, ["steps.parquet"])
    path.write_text(json.dumps(value | {"spec": asked(expand_studies(mine)[0], mine)}))
    assert failed_runs(tmp_path, mine) == [path], "its content is another"
    path.write_text(json.dumps(sealed(json.loads(path.read_text()), folder, ["steps.parquet"])))
    assert failed_runs(tmp_path, mine) == []
    (folder / name).write_bytes(b"{}")
    assert failed_runs(tmp_path, mine) == [path]
