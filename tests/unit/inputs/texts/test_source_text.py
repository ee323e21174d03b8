import csv
import hashlib
from pathlib import Path

import pytest
from support.data_helpers import GOOD_CSV as GOOD
from support.data_helpers import make_from_csv

from batchscope.inputs.texts.source_text import (
    SourceText,
    content_sha256,
    deduplicate,
    place,
    read_source_texts,
    where,
    write_source_texts,
)

ODD = [
    SourceText('"quoted", with, commas', "positive"),
    SourceText("two\nlines, one \r and \r\n", "negative"),
    SourceText(" NA ", "positive"),
    SourceText("naïve 🎬 \x85", "negative"),
]
PLACED = [
    SourceText("no gold label", None, "ticket-7", "my.csv", 3, 5),
    SourceText("a label of another task", "late, delivery", "a,b", "folder/1.txt", None, None),
    SourceText("one line\r\nand another", "0", "0", "my.jsonl", 1, None),
]


def test_the_same_input_gives_the_same_files(tmp_path: Path) -> None:
    files = []
    for _ in range(2):
        outcome = make_from_csv(tmp_path, GOOD, sha256=hashlib.sha256(GOOD).hexdigest())
        files.append((outcome.texts_csv.read_bytes(), (tmp_path / "summary.json").read_bytes()))
    assert files[0] == files[1]
    assert outcome.summary["provenance"] == {"path": "in.csv", "sha256": hashlib.sha256(GOOD).hexdigest()}


@pytest.mark.parametrize("drop", [False, True])
def test_copies_are_counted_and_dropped_on_request_only(tmp_path: Path, drop: bool) -> None:
    outcome = make_from_csv(
        tmp_path, GOOD + b"A fine film.,negative\nA fine film.,positive\n", deduplicate=drop
    )
    assert outcome.summary["duplicates"] == {"found": 2, "label_conflicts": 1, "dropped": 2 if drop else 0}
    assert outcome.summary["rows"] == len(read_source_texts(outcome.texts_csv)) == (2 if drop else 4)
    fate = "dropped (deduplicate: true)" if drop else "kept (deduplicate: false)"
    assert f"2 copies of earlier texts, 1 with another label, {fate}" in outcome.stdout


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_source_texts(ODD, tmp_path / "texts.csv")
    read = read_source_texts(tmp_path / "texts.csv")
    assert read == [text._replace(id=str(number)) for number, text in enumerate(ODD)]
    with (tmp_path / "texts.csv").open(encoding="utf-8", newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["text_id", "0", "1", "2", "3"]


def test_the_checksum_tells_texts_labels_and_order_apart() -> None:
    swapped = [ODD[1], ODD[0], *ODD[2:]]
    relabelled = [SourceText(ODD[0].content, "negative"), *ODD[1:]]
    assert len({content_sha256(texts) for texts in (ODD, swapped, relabelled, ODD[:3])}) == 4
    assert content_sha256(ODD) == content_sha256(list(ODD))


def test_ids_places_and_missing_labels_are_kept(tmp_path: Path) -> None:
    write_source_texts(PLACED, tmp_path / "texts.csv")
    assert read_source_texts(tmp_path / "texts.csv") == PLACED


def test_a_file_from_before_there_were_ids_is_read(tmp_path: Path) -> None:
    (tmp_path / "texts.csv").write_text('"text_id","text","label"\n0,"Fine.","positive"\n')
    assert read_source_texts(tmp_path / "texts.csv") == [SourceText("Fine.", "positive", "0")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            SourceText("I bought it.", None, "9", "my.csv", 3, 5),
            "row 3 (line 5) of my.csv, which begins 'I bought it.'",
        ),
        (
            SourceText("I  bought\nit", None, "9", "a.parquet", 1234),
            "row 1,234 of a.parquet, which begins 'I bought it'",
        ),
        (SourceText("w" * 99, None, "1", "pos/1.txt"), f"pos/1.txt, which begins '{'w' * 40} ...'"),
        (SourceText("Hm.", "positive", "17"), "text 17, which begins 'Hm.'"),
    ],
)
def test_a_text_is_named_as_the_user_finds_it(text: SourceText, words: str) -> None:
    assert where(text) == words
    assert words.startswith(place(text))


def test_a_missing_label_contradicts_none() -> None:
    same = [
        SourceText("same", None),
        SourceText("same", "a"),
        SourceText("same", "b"),
        SourceText("other", "a"),
        SourceText("other"),
    ]
    assert deduplicate(same, drop=False)[1] == {"found": 3, "label_conflicts": 1, "dropped": 0}
    assert deduplicate([*same[1:3]], drop=True)[1] == {"found": 1, "label_conflicts": 1, "dropped": 1}
