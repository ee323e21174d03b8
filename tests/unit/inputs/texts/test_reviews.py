import csv
import hashlib
from pathlib import Path

import pytest
from support.data_helpers import GOOD_CSV as GOOD
from support.data_helpers import make_from_csv

from batchscope.inputs.texts.reviews import (
    Review,
    content_sha256,
    deduplicate,
    read_reviews,
    summarise,
    write_reviews,
)

ODD = [
    Review('"quoted", with, commas', "positive"),
    Review("two\nlines, one \r and \r\n", "negative"),
    Review(" NA ", "positive"),
    Review("naïve 🎬 \x85", "negative"),
]


def test_the_same_input_gives_the_same_files(tmp_path: Path) -> None:
    files = []
    for _ in range(2):
        outcome = make_from_csv(tmp_path, GOOD, sha256=hashlib.sha256(GOOD).hexdigest())
        files.append((outcome.reviews_csv.read_bytes(), (tmp_path / "summary.json").read_bytes()))
    assert files[0] == files[1]
    assert outcome.summary["provenance"] == {"path": "in.csv", "sha256": hashlib.sha256(GOOD).hexdigest()}


@pytest.mark.parametrize("drop", [False, True])
def test_copies_are_counted_and_dropped_on_request_only(tmp_path: Path, drop: bool) -> None:
    outcome = make_from_csv(
        tmp_path, GOOD + b"A fine film.,negative\nA fine film.,positive\n", deduplicate=drop
    )
    assert outcome.summary["duplicates"] == {"found": 2, "label_conflicts": 1, "dropped": 2 if drop else 0}
    assert outcome.summary["rows"] == len(read_reviews(outcome.reviews_csv)) == (2 if drop else 4)
    fate = "dropped (deduplicate: true)" if drop else "kept (deduplicate: false)"
    assert f"2 copies of earlier reviews, 1 with another label, {fate}" in outcome.stdout


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_reviews(ODD, tmp_path / "reviews.csv")
    assert read_reviews(tmp_path / "reviews.csv") == ODD
    with (tmp_path / "reviews.csv").open(encoding="utf-8", newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["review_id", "0", "1", "2", "3"]


def test_an_unknown_label_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "reviews.csv").write_text('"review_id","review","label"\n0,"Hm.","neutral"\n')
    with pytest.raises(ValueError, match="neutral"):
        read_reviews(tmp_path / "reviews.csv")


def test_the_checksum_tells_texts_labels_and_order_apart() -> None:
    swapped = [ODD[1], ODD[0], *ODD[2:]]
    relabelled = [Review(ODD[0].text, "negative"), *ODD[1:]]
    assert len({content_sha256(reviews) for reviews in (ODD, swapped, relabelled, ODD[:3])}) == 4
    assert content_sha256(ODD) == content_sha256(list(ODD))


def test_a_summary_by_hand() -> None:
    reviews = [
        Review("one two three", "positive"),
        Review("four\nfive", "negative"),
        Review("six", "negative"),
    ]
    kept, copies = deduplicate([*reviews, Review("six", "positive")], drop=True)
    assert kept == reviews
    summary = summarise(kept, "csv", copies, "as in the file", {"path": "in.csv"})
    assert summary["labels"] == {"positive": 1, "negative": 2}
    assert summary["words"] == {"mean": 2.0, "median": 2, "min": 1, "max": 3}
    assert summary["characters"] == {"mean": 8.33, "median": 9, "min": 3, "max": 13}
    assert summary["with_line_breaks"] == 1
    assert summary["duplicates"] == {"found": 1, "label_conflicts": 1, "dropped": 1}
