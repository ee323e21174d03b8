"""Files that are missing, hostile or of another kind."""

import gzip
import os

import pytest

from batchscope.common.errors import UserError
from batchscope.results.imported import result_file
from batchscope.results.imported.result_file import read_content


def read(tmp_path, content, name="theirs.json"):
    path = tmp_path / name
    path.write_bytes(content)
    return read_content(path, "imported.x.path")


def test_json_and_csv_are_told_apart_by_their_content(tmp_path):
    assert read(tmp_path, b'\xef\xbb\xbf {"a": [1, 2.5]}', "theirs.csv") == {"a": [1, 2.5]}
    assert read(tmp_path, b'a,"b, c"\r\n\r\n1,2\r\n') == [["a", "b, c"], [], ["1", "2"]]


def test_numbers_that_are_none_become_null(tmp_path):
    assert read(tmp_path, b'{"a": NaN, "b": [-Infinity, Infinity]}') == {"a": None, "b": [None, None]}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "is empty", id="nothing"),
        pytest.param(b'{"a": 1', "line 1: is no JSON", id="cut off"),
        pytest.param(b'{"a": 1}\n{"a": 2}\n', "line 2: is no JSON: Extra data", id="two documents"),
        pytest.param(b"[" * 200_000, "nested too deeply", id="nested"),
        pytest.param(b'{"a": ' + b"9" * 5_000 + b"}", "more digits", id="a long number"),
        pytest.param(gzip.compress(b"{}"), "no text in UTF-8; unpack it", id="gzip"),
        pytest.param(b"a\0b", "is no text", id="a zero byte"),
        pytest.param(b'a,"b\n', "neither JSON nor CSV", id="an open quote"),
    ],
)
def test_what_is_no_result_file_is_told_with_its_key(tmp_path, content, says):
    with pytest.raises(UserError, match=f"^imported.x.path: .*{says}"):
        read(tmp_path, content)


def test_a_file_that_is_not_there_or_is_none(tmp_path):
    for path, says in ((tmp_path / "no.json", "there is no file"), (tmp_path, "is no file")):
        with pytest.raises(UserError, match=says):
            read_content(path, "imported.x.path")


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        os.truncate(file.fileno(), result_file.MOST_BYTES + 1)
    with pytest.raises(UserError, match="has 256 MB, and result files have 256 MB at most; write it again"):
        read_content(path, "imported.x.path")
