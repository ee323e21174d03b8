"""Each run of a configuration has a record, and one that is damaged or another one's has no figures."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.analysis_helpers import write_run
from support.served_studies import serving
from support.studies import study

from batchscope.common.seal import sealed
from batchscope.config.configuration import Config, load_config
from batchscope.results.configured_runs import asked, configured_points, configured_runs
from batchscope.results.frames import repeats_frame, runs_frame
from batchscope.results.gates import validity_of
from batchscope.results.records import RunRecord
from batchscope.studies.grid import expand_serving, expand_studies


def configured(**keys: Any) -> Config:
    return study(**({"set": {"layout": "packed", "texts": 8}, "grid": {"n": [2, 4]}} | keys))


def seal(folder: Path) -> None:
    path = folder / "measurement.json"
    files = [other.name for other in folder.iterdir() if other != path]
    path.write_text(json.dumps(sealed(json.loads(path.read_text()), folder, files)))


def mark(path: Path) -> None:
    """Make a file another one that says the same, so that no two runs share it."""
    if path.suffix == ".parquet":
        pq.write_table(pq.read_table(path).replace_schema_metadata({"mark": "1"}), path)
    else:
        path.write_text(json.dumps(json.loads(path.read_text()) | {"mark": 1}))


@pytest.fixture
def config() -> Config:
    return configured()


@pytest.fixture
def root(tmp_path: Path, config: Config) -> Path:
    """Two runs as the configuration asks for them, sealed."""
    for run in expand_studies(config):
        spec = {"spec": asked(run, config)}
        seal(write_run(tmp_path, study="mine", n=run.workload.n, texts=8, more=spec))
    return tmp_path / "runs"


def read(root: Path, config: Config) -> dict[str, RunRecord]:
    records = configured_runs(root, expand_studies(config), config)
    return {record.measurement.run: record for record in records}


def reasons(record: RunRecord) -> tuple[str, list[str]]:
    found = validity_of(record)
    return found.status, [reason.code for reason in found.invalid]


def test_what_agrees_counts(root: Path, config: Config) -> None:
    assert [reasons(record) for record in read(root, config).values()] == [("ok", []), ("ok", [])]


@pytest.mark.parametrize("name", ["measurement.json", "environment.json", "requests.parquet", "steps.parquet", "hardware.parquet"])  # fmt: skip
@pytest.mark.parametrize("how", ["missing", "empty", "of another"])
def test_one_that_is_damaged_has_no_figures_and_the_others_have_theirs(
    root: Path, config: Config, name: str, how: str
) -> None:
    (first, other) = (root / run.id for run in expand_studies(config))
    mark(other / name)
    seal(other)
    path = first / name
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(b"" if how == "empty" else (other / name).read_bytes())
    records = read(root, config)
    assert reasons(records[first.name]) == ("damaged", [])
    assert reasons(records[other.name]) == ("ok", [])
    rows = runs_frame(list(records.values()), []).set_index("run")
    assert rows.loc[first.name, "valid"] == False  # noqa: E712, pandas' own boolean
    assert str(path) in rows.loc[first.name, "reason"]
    assert f"delete {first} and rerun" in rows.loc[first.name, "reason"]
    assert set(repeats_frame(list(records.values()))["run"]) == {other.name}


def test_a_folder_put_in_another_s_place_is_noticed(root: Path, config: Config) -> None:
    first, other = (root / run.id for run in expand_studies(config))
    shutil.rmtree(first)
    shutil.copytree(other, first)
    record = read(root, config)[first.name]
    assert record.measurement.status == "damaged"
    assert f"it is that of mine/{other.name}" in record.measurement.message


def test_a_new_measurement_without_its_seal_is_damaged(root: Path, config: Config) -> None:
    for run in expand_studies(config):
        path = root / run.id / "measurement.json"
        value = json.loads(path.read_text())
        del value["seal"]
        path.write_text(json.dumps(value))
    assert [reasons(record)[0] for record in read(root, config).values()] == ["damaged", "damaged"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"engine": {"args": {"max_num_seqs": 7}}}, "engine.args.max_num_seqs not set, and the configuration has 7"),
        ({"set": {"layout": "packed", "texts": 16}}, "workload.texts 8, and the configuration has 16"),
        ({"engine": {"variables": {"VLLM_X": "1"}}}, "engine.variables.VLLM_X not set, and the configuration has '1'"),
        ({"engine": {"args": {"dtype": "bfloat16"}}}, "and the configuration has 'bfloat16'"),
    ],
)  # fmt: skip
def test_what_was_measured_for_another_configuration_does_not_count(
    root: Path, change: dict[str, Any], said: str
) -> None:
    for record in read(root, configured(**change)).values():
        (reason,) = validity_of(record).invalid
        assert reason.code == "spec"
        assert said in reason.detail
        assert f"delete {root / record.measurement.id} and rerun" in reason.detail


@pytest.mark.parametrize(("source", "found"), [("demo", ("ok", [])), ("hub", ("ok", ["spec"]))])
def test_an_id_on_the_hub_counts_for_a_model_of_the_hub_alone(
    root: Path, config: Config, source: str, found: tuple[str, list[str]]
) -> None:
    """A model in a folder may have one from an overlay below, and nothing reads it."""
    asset = {"source": source, "id": "some/model"}
    asking = config.model_copy(update={"models": {"demo": config.models["demo"].model_copy(update=asset)}})
    for run in expand_studies(config):
        path = root / run.id / "measurement.json"
        value = json.loads(path.read_text())
        value["spec"]["model"] |= {**asset, "id": "another/model"}
        path.write_text(json.dumps(value))
        seal(path.parent)
    assert [reasons(record) for record in read(root, asking).values()] == [found, found]


def test_a_load_point_that_is_missing_has_a_row(tmp_path: Path) -> None:
    config = load_config(
        serving({"mine": {"set": {"layout": "packed", "n": 4}, "grid": {"load.requests": [60]}}})
    )
    (point,) = configured_points(tmp_path, expand_serving(config), config)
    assert point.served.status == "damaged"
    assert "measurement.json: no such file" in point.served.message
    assert point.client.empty
    assert point.load.requests == 60
