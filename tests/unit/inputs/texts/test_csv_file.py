import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.data_helpers import GOOD_CSV as GOOD
from support.data_helpers import Site, call_make_dataset, make_dataset, make_from_csv, serving

from batchscope.inputs.texts.source_text import read_source_texts

BAD: dict[str, tuple[bytes | None, Mapping[str, Any], tuple[str, ...]]] = {
    "missing file": (None, {}, ("dataset.csv.path", "there is no file in.csv", "put it there")),
    "a folder": (GOOD, {"path": "."}, ("dataset.csv.path", ". is a folder", "name a file")),
    "empty file": (b"", {}, ("dataset.csv.path", "is empty", "header row")),
    "only blank lines": (b"\n\n", {}, ("dataset.csv.path", "is empty")),
    "header only": (b"review,sentiment\n", {}, ("dataset.csv.path", "no rows")),
    "missing text column": (
        b"text,sentiment\na,positive\n",
        {},
        ("dataset.csv.text_column", "no column 'review'", "text, sentiment"),
    ),
    "missing label column": (
        GOOD,
        {"label_column": "label"},
        ("dataset.csv.label_column", "review, sentiment"),
    ),
    "semicolons": (b"review;sentiment\na;positive\n", {}, ("dataset.csv.text_column", "review;sentiment")),
    "column twice": (
        b"review,review,sentiment\na,b,positive\n",
        {},
        ("dataset.csv.text_column", "2 columns 'review'", "rename"),
    ),
    "unknown label": (
        GOOD + b"Hm.,neutral\n",
        {},
        ("task.labels", "'neutral' first in row 3 (line 4) of in.csv", "none of positive, negative"),
    ),
    "empty text": (GOOD + b'"  ",negative\n', {}, ("row 3 (line 4): empty text", "correct or remove")),
    "bad encoding": (GOOD + "Très bon,positive\n".encode("latin-1"), {}, ("row 3", "not UTF-8")),
    "bad encoding of the label": (GOOD + b"Fine,\xff\n", {}, ("row 3", "not UTF-8")),
    "UTF-16": (
        GOOD.decode().encode("utf-16"),
        {},
        ("dataset.csv.path", "in.csv is UTF-16", "save it as UTF-8"),
    ),
    "NUL": (GOOD + b"Fi\0ne,positive\n", {}, ("row 3", "NUL")),
    "too few fields": (GOOD + b"Fine\n", {}, ("row 3", "1 fields where the header has 2")),
    "too many fields": (GOOD + b"Fine, really,positive\n", {}, ("row 3", "3 fields", "commas")),
    "row after a text with line breaks": (
        b'review,sentiment\n"a\nb\nc",positive\n,negative\n',
        {},
        ("row 2 (line 5): empty text",),
    ),
    "unterminated quote": (
        GOOD + b'"Fine,positive\nBad,negative\n',
        {},
        ("row 3 (line 4)", "close the quote"),
    ),
    "unterminated quote in a long file": (
        GOOD + b'"Fine' + GOOD * 4000,
        {},
        ("row 3 (line 4)", "close the quote"),
    ),
    "bare quote": (GOOD + b'"Fine" film,positive\n', {}, ("row 3 (line 4)", "quote")),
    "wrong checksum": (GOOD, {"sha256": "0" * 64}, ("dataset.csv.sha256", "expected 000", "right file")),
}


@pytest.mark.parametrize(("content", "keys", "fragments"), BAD.values(), ids=BAD)
def test_bad_input_is_refused(
    tmp_path: Path, content: bytes | None, keys: Mapping[str, Any], fragments: tuple[str, ...]
) -> None:
    make_from_csv(tmp_path, content, **keys).assert_refused(*fragments)


@pytest.mark.parametrize("name", ["unknown label", "bad encoding", "unterminated quote"])
def test_bad_input_is_refused_by_the_script_too(tmp_path: Path, name: str) -> None:
    content, keys, fragments = BAD[name]
    outcome = make_from_csv(tmp_path, content, call=call_make_dataset, **keys)
    outcome.assert_refused(*fragments)
    assert outcome.stdout == ""


def test_only_the_first_ten_dirty_rows_are_shown(tmp_path: Path) -> None:
    outcome = make_from_csv(tmp_path, GOOD + b" ,positive\n" * 1234)
    outcome.assert_refused("1,234 dirty rows", "row 3 ", "row 12 ", "and 1,224 more")
    assert "row 13 " not in outcome.stderr


def test_texts_pass_unchanged(tmp_path: Path) -> None:
    texts = [
        '"quoted", with, commas',
        " blanks around  ",
        "a<br /><br />b",
        "two\nlines",
        "cr\rlf\r\n",
        "naïve 🎬 \x85",
        "NA",
    ]
    with (tmp_path / "source.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(
            [["id", "sentiment", "review"], *([7, " Positive", text] for text in texts)]
        )
    outcome = make_from_csv(tmp_path, (tmp_path / "source.csv").read_bytes() + b"\r\n")
    assert outcome.returncode == 0, outcome.stderr
    read = read_source_texts(outcome.texts_csv)
    assert [(text.content, text.label) for text in read] == [(text, "positive") for text in texts]
    lines = [2, 3, 4, 5, 7, 10, 11]
    assert [(text.row, text.line) for text in read] == list(enumerate(lines, start=1))
    assert [text.id for text in read] == ["1", "2", "3", "4", "5", "6", "7"]
    frame = pd.read_csv(outcome.texts_csv, keep_default_na=False)
    assert frame["text"].tolist() == texts
    assert frame["text_id"].tolist() == list(range(len(texts)))
    assert outcome.summary["with_line_breaks"] == 2
    assert "texts with line breaks of their own: 2;" in outcome.stdout


def test_a_url_is_downloaded_once(tmp_path: Path) -> None:
    with serving(Site(GOOD)) as site:
        url = site.url.replace("http://", "http://user:secret@") + "?token=secret"
        for _ in range(2):
            outcome = make_dataset(tmp_path, source="csv", csv={"path": url})
            assert outcome.returncode == 0, outcome.stderr
    assert len(site.requests) == 1
    assert outcome.summary["provenance"]["path"] == site.url
    assert "secret" not in outcome.stdout + outcome.stderr


def test_a_url_that_is_not_there(tmp_path: Path) -> None:
    with serving(Site(b"no such page", status=404)) as site:
        outcome = make_dataset(tmp_path, source="csv", csv={"path": site.url})
    outcome.assert_refused("dataset.csv.path", site.url, "404", "set dataset.csv.path to the file")
    assert len(site.requests) == 1


@pytest.mark.skipif(
    "BATCHSCOPE_IMDB_CSV" not in os.environ,
    reason="BATCHSCOPE_IMDB_CSV does not name a file with the first 3,179 rows of the 50,000-row IMDB CSV",
)
def test_the_real_reviews(tmp_path: Path) -> None:
    path = Path(os.environ["BATCHSCOPE_IMDB_CSV"]).resolve()
    outcome = make_dataset(tmp_path, source="csv", select="first", csv={"path": str(path)})
    assert outcome.returncode == 0, outcome.stderr
    source = pd.read_csv(path, keep_default_na=False)
    ours = read_source_texts(outcome.texts_csv)
    assert len(ours) == len(source) == 3179
    same = [text.content for text in ours] == source["review"].tolist()
    assert same  # not compared in the assert itself: a failure must not print the texts
    assert [text.label for text in ours] == source["sentiment"].tolist()
    assert outcome.summary["labels"] == source["sentiment"].value_counts().to_dict()
    assert outcome.summary["duplicates"]["found"] == int(source["review"].duplicated().sum())
    assert outcome.summary["words"]["mean"] == pytest.approx(230, abs=1)
