"""A seal holds a measurement's files together."""

import json
from pathlib import Path
from typing import Any

import pytest

from batchscope.common.seal import SEAL, broken, is_sealed, sealed, sealed_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.parquet").write_bytes(b"rows")
    (tmp_path / "b.json").write_bytes(b"{}")
    value = {"schema": 1, "run": "x", "seconds": [0.1, 1e-7, 3.0], "none": None}
    write(tmp_path, sealed(value, tmp_path, ["b.json", "a.parquet"]))
    return tmp_path


def write(folder: Path, value: dict[str, Any]) -> None:
    (folder / "m.json").write_text(json.dumps(value, indent=1))


def read(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "m.json").read_text())


def fault(folder: Path, **only: Any) -> str:
    return broken(read(folder), "m.json", folder, **only)


def test_what_was_sealed_agrees_however_it_is_laid_out(folder: Path) -> None:
    assert fault(folder) == ""
    (folder / "m.json").write_text(json.dumps(dict(reversed(read(folder).items()))))
    assert fault(folder) == ""
    assert sealed_files(read(folder)) == ["a.parquet", "b.json"]


@pytest.mark.parametrize("key", ["schema", "run", "seconds", "none", SEAL])
def test_any_key_that_is_changed_renamed_or_lost_is_noticed(folder: Path, key: str) -> None:
    value = read(folder)
    for other in (
        value | {key: 2 if key == "schema" and value[key] != 2 else 7},
        {name: part for name, part in value.items() if name != key},
        {name + "x" if name == key else name: part for name, part in value.items()},
    ):
        write(folder, other)
        assert fault(folder) == "m.json: not as it was written"


def test_files_are_named(folder: Path) -> None:
    (folder / "a.parquet").write_bytes(b"rowz")
    assert fault(folder) == "a.parquet: not as it was written, or of another run"
    assert fault(folder, only=("b.json", "others.txt")) == ""
    (folder / "a.parquet").unlink()
    assert fault(folder) == "a.parquet: not there"
    (folder / "a.parquet").mkdir()
    assert fault(folder) == "a.parquet: cannot be read (Is a directory)"


def test_an_older_one_has_no_seal_and_a_new_one_without_it_is_damaged(folder: Path) -> None:
    assert not is_sealed({"schema": 1})
    assert not is_sealed({"study": "s"})
    assert broken({"schema": 1}, "m.json", folder) == ""
    for value in ({"schema": 2}, {"schema": 1, SEAL: None}, {"schema": 2, SEAL: {"files": 3}}):
        assert broken(value, "m.json", folder) == "m.json: not as it was written"


def test_sealing_again_replaces_the_seal(folder: Path) -> None:
    again = sealed(read(folder) | {"run": "y"}, folder, ["b.json"])
    write(folder, again)
    assert fault(folder) == ""
    assert sealed_files(again) == ["b.json"]
