"""Where files lie: paths of every name, and addresses."""

import gzip
import hashlib
from pathlib import Path

import pytest
from support.data_helpers import Site, make_dataset, serving
from support.text_files import TASK, TICKETS, as_csv, as_json_lines, as_parquet, make_from_file, pairs

from batchscope.inputs.texts.files.location import local_files

CSV = as_csv(TICKETS)
WANTED = [(row["text"], row["team"]) for row in TICKETS]
PAGE = b"<!doctype html><title>Log in</title>"


@pytest.mark.parametrize(
    "name",
    [
        "my {texts} 'x' 100% $HOME.csv",
        "Bücher 电影.csv",
        "a\nb.csv",
        "-rf.csv",
        "*.csv",
        "data/../mine.csv",
        "{x}",
    ],
)
def test_a_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "data").mkdir()
    assert pairs(make_from_file(tmp_path, name, CSV)) == WANTED


def test_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.csv").write_bytes(CSV)
    (tmp_path / "work").mkdir()
    assert pairs(make_from_file(tmp_path / "work", "~/mine.csv", None)) == WANTED
    assert local_files("~/mine.csv") == [str(tmp_path / "mine.csv")]


def test_no_such_file(tmp_path: Path) -> None:
    make_from_file(tmp_path, "nowhere.csv", None).assert_refused(
        "dataset.file.path", "nowhere.csv", "put it there"
    )


def test_a_folder_is_the_files_in_it(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "notes.md"):
        (tmp_path / name).write_text("x")
    assert local_files(str(tmp_path)) == [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    assert local_files("https://example.org/a.txt") == ()


@pytest.mark.parametrize(
    "content",
    [CSV, gzip.compress(CSV), as_json_lines(TICKETS), as_parquet(TICKETS)],
    ids=["csv", "gz", "jsonl", "pq"],
)
def test_an_address_is_downloaded_once(tmp_path: Path, content: bytes) -> None:
    with serving(Site(content)) as site:
        block = {"path": site.url + "?token=secret", "sha256": hashlib.sha256(content).hexdigest()}
        for _ in range(2):
            outcome = make_dataset(tmp_path, task=TASK, source="file", select="first", file=block)
            assert pairs(outcome) == WANTED
    assert len(site.requests) == 1
    assert outcome.summary["provenance"]["path"] == site.url
    assert "secret" not in outcome.stdout + outcome.stderr


@pytest.mark.parametrize("page", [PAGE, b"\n<HTML><body>404", b"<head></head>"])
def test_a_web_page_is_not_kept(tmp_path: Path, page: bytes) -> None:
    with serving(Site(page)) as site:
        block = {"path": site.url}
        refused = make_dataset(tmp_path, task=TASK, source="file", select="first", file=block)
        refused.assert_refused("dataset.file.path", site.url, "a web page", "the file itself")
        assert list((tmp_path / "downloads").iterdir()) == []
        site.content = CSV
        assert pairs(make_dataset(tmp_path, task=TASK, source="file", select="first", file=block)) == WANTED
