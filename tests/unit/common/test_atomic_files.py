"""Files that are written whole or not at all."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import psutil
import pytest

from batchscope.common.atomic_files import (
    WORKFLOW,
    name_workflow,
    read_json,
    replacing,
    sha256_of,
    write_text,
)
from batchscope.common.errors import UserError


def test_a_file_takes_its_place_only_when_all_went_well(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.parquet"
    with replacing(path) as temporary:
        assert (temporary.parent, temporary.suffix) == (path.parent, ".parquet")
        temporary.write_text("first")
        assert not path.exists()
    assert path.read_text() == "first"
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        print(temporary.write_text("half of the sec") / 0)
    assert [file.name for file in path.parent.iterdir()] == ["table.parquet"]
    assert path.read_text() == "first"


@pytest.mark.parametrize("name", ["file/below", "folder", "x" * 300])
def test_what_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder" / "full").mkdir(parents=True)
    with pytest.raises(UserError, match=r"^cannot write .*; check the folder and its free space$"):
        write_text(tmp_path / name, "text")


def test_text_is_utf_8_and_its_hash_is_of_bytes(tmp_path: Path) -> None:
    write_text(tmp_path / "text", "Größe\n")
    assert (tmp_path / "text").read_bytes() == "Größe\n".encode()
    assert sha256_of(tmp_path / "text") == sha256("Größe\n".encode()).hexdigest()


@pytest.mark.parametrize(
    ("content", "value"),
    [(b'{"a": 1}', {"a": 1}), (b"[1]", None), (b'{"a": ', None), (b"\xff", None), (b"", None), (None, None)],
)
def test_only_an_undamaged_object_is_read(tmp_path: Path, content: bytes | None, value: object) -> None:
    if content is not None:
        (tmp_path / "file.json").write_bytes(content)
    assert read_json(tmp_path / "file.json") == value


def ended_process() -> str:
    """A process that has ended, as `name_workflow` names one."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        created = psutil.Process(process.pid).create_time()
    return f"{process.pid} {created}"


def test_a_process_without_its_workflow_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("those of the next call")
    monkeypatch.setenv(WORKFLOW, ended_process())
    with pytest.raises(UserError, match=r"the workflow that asked for .*rows\.csv has ended"):
        write_text(path, "mine")
    assert path.read_text() == "those of the next call"
    assert [each.name for each in tmp_path.iterdir()] == ["rows.csv"]


@pytest.mark.parametrize("value", ["", None, "living", "another with the same id"])
def test_a_process_with_its_workflow_or_none_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    me = psutil.Process()
    names = {"living": f"{me.pid} {me.create_time()}", "another with the same id": f"{me.pid} 1.0"}
    if value is None:
        monkeypatch.delenv(WORKFLOW, raising=False)
    else:
        monkeypatch.setenv(WORKFLOW, names.get(value, value))
    if value == "another with the same id":
        with pytest.raises(UserError, match="has ended"):
            write_text(tmp_path / "rows.csv", "mine")
        return
    write_text(tmp_path / "rows.csv", "mine")
    assert (tmp_path / "rows.csv").read_text() == "mine"


def test_what_a_process_starts_works_for_it_or_for_its_own_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    me, above = psutil.Process(), psutil.Process().parents()[0]
    for before, after in (
        ("", me),
        (ended_process(), me),  # what another call left in the environment
        (f"{above.pid} {above.create_time()}", above),  # a Snakemake that Snakemake started
    ):
        monkeypatch.setenv(WORKFLOW, before)
        name_workflow()
        assert os.environ[WORKFLOW] == f"{after.pid} {after.create_time()}"
