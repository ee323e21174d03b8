"""Files that are written whole or not at all."""

from hashlib import sha256
from pathlib import Path

import pytest

from batchscope.common.atomic_files import read_json, replacing, sha256_of, write_text
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
