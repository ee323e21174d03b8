"""A measurement becomes files, whatever the disk does."""

import json
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batchscope.common.errors import UserError
from batchscope.common.seal import broken, sealed_files
from batchscope.jobs import measurement_files
from batchscope.jobs.measurement_files import LOAD, RUN, Kind, publish


def scratch_of(folder: Path, kind: Kind) -> Path:
    """What an engine leaves of a run that was measured."""
    folder.mkdir()
    (folder / "environment.json").write_text("{}")
    for name, schema in kind.tables.items():
        pq.write_table(schema.empty_table(), folder / f"{name}.parquet")
    for name in kind.texts:
        (folder / name).write_text("{}")
    return folder


@pytest.mark.parametrize("kind", [RUN, LOAD], ids=["run", "load point"])
@pytest.mark.parametrize("after", [0, 1, 6])
def test_a_full_disk_keeps_the_measurement_in_a_place_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Kind, after: int
) -> None:
    """``after``: files that still fit."""
    kept_in = tmp_path / "tmp"
    kept_in.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(kept_in))
    copied: list[Path] = []
    real = shutil.copyfile

    def copy(source: Path, to: Path) -> None:
        if len(copied) >= after:
            raise OSError(28, "No space left on device", str(to))
        copied.append(to)
        real(source, to)

    monkeypatch.setattr(measurement_files.shutil, "copyfile", copy)
    scratch, out = scratch_of(kept_in / "scratch", kind), tmp_path / "results/runs/mine/packed-n4"
    with pytest.raises(UserError) as error:
        publish({"status": "ok"}, kind, scratch, out, {})
    said = str(error.value)
    assert "No space left on device" in said
    (kept,) = kept_in.glob("batchscope-kept-*")
    assert f"The measurement is kept in {kept}" in said
    assert not (out / "measurement.json").exists(), "it would stand for a whole one"
    # the remedy
    monkeypatch.undo()
    command = re.search(r"`mkdir -p (\S+) && cp (\S+)/\* (\S+)`", said)
    assert command is not None
    out.mkdir(parents=True, exist_ok=True)
    for file in Path(command[2]).iterdir():
        shutil.copy(file, command[3])
    assert json.loads((out / "measurement.json").read_text())["status"] == "ok"
    assert {path.suffix for path in out.glob("[!.]*")} == {".json", ".parquet"}
    for name, schema in kind.tables.items():
        assert pq.read_schema(out / f"{name}.parquet").equals(pa.schema(schema))


@pytest.mark.parametrize("kind", [RUN, LOAD], ids=["run", "load point"])
@pytest.mark.parametrize("status", ["ok", "oom"])
def test_what_is_published_is_sealed_with_all_its_files(tmp_path: Path, kind: Kind, status: str) -> None:
    scratch, out = scratch_of(tmp_path / "scratch", kind), tmp_path / "results/runs/mine/packed-n4"
    (scratch / "environment.json").write_text('{"fingerprint": "f00d"}')
    publish({"status": status}, kind, scratch, out, {"NCCL_DEBUG": "INFO"})
    (kept,) = (tmp_path / "results/history/mine/packed-n4").iterdir()
    for folder in (out, kept):
        value = json.loads((folder / "measurement.json").read_text())
        assert sorted(sealed_files(value)) == sorted(path.name for path in folder.glob("[!m]*"))
        assert broken(value, "measurement.json", folder) == ""
    environment = json.loads((out / "environment.json").read_text())
    assert environment["variables"] == {"NCCL_DEBUG": "INFO"}
    assert environment["fingerprint"] != "f00d"
