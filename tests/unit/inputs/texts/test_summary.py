"""What is said of a data set: counted by hand here."""

from pathlib import Path

import pytest
from support.text_files import GOOD_BAD, as_csv, make_from_file

from batchscope.config.dataset import Selection
from batchscope.inputs.texts.source_text import Loaded, SourceText, deduplicate
from batchscope.inputs.texts.summary import Choice, Summary, describe, summarise

NAMES = ("positive", "negative")


def summary_of(texts: list[SourceText], select: Selection = "first", *, drop: bool = False) -> Summary:
    kept, copies = deduplicate(texts, drop=drop)
    loaded = Loaded(texts, "as in the file", {"path": "in.csv"}, None, ("texts from column 'a'",))
    return summarise(kept, NAMES, Choice("file", select, 5), copies, loaded)


def test_a_summary_by_hand() -> None:
    texts = [
        SourceText("one two three", "positive", "1", "in.csv", 1, 2),
        SourceText("four\nfive", "negative", "2", "in.csv", 2, 3),
        SourceText("six", "negative", "3", "in.csv", 3, 5),
        SourceText("sept \u200b été", None, "4", "in.csv", 4, 6),
        SourceText("six", "positive", "5", "in.csv", 5, 7),
    ]
    summary = summary_of(texts, drop=True)
    assert summary["rows"] == 4
    assert summary["labels"] == {"positive": 1, "negative": 2}
    assert summary["unlabelled"] == 1
    assert summary["largest_class"] == {"label": "negative", "share": 0.666667}
    assert summary["words"] == {"mean": 2.25, "median": 2.5, "min": 1, "max": 3}
    assert summary["characters"] == {"mean": 8.75, "median": 9.5, "min": 3, "max": 13}
    assert summary["with_line_breaks"] == 1
    assert summary["duplicates"] == {"found": 1, "label_conflicts": 1, "dropped": 1}
    assert summary["scripts"] == {"Latin": 4}
    assert summary["invisible"] == {"zero-width space": 1}
    assert [text["id"] for text in summary["longest"]] == ["1", "4", "2", "3"]
    assert summary["longest"][0] == {
        "id": "1", "place": "row 1 (line 2) of in.csv, which begins 'one two three'", "characters": 13,
    }  # fmt: skip
    assert (summary["select"], summary["seed"]) == ("first", 5)
    assert summary["warnings"] == []


def test_no_more_than_the_longest_texts_are_listed() -> None:
    summary = summary_of([SourceText("x" * number, "positive", str(number)) for number in range(1, 30)])
    assert [text["characters"] for text in summary["longest"]] == [29, 28, 27, 26, 25]


@pytest.mark.parametrize(
    ("labels", "select", "warned"),
    [
        (["negative"] * 40, "first", "all gold labels of these 40 texts are 'negative'"),
        (["negative"] * 40, "random", "all gold labels of these 40 texts are 'negative'"),
        (["negative"] * 97 + ["positive"] * 3, "stratified", "97.0 % of the gold labels of these 100 texts"),
        (
            ["negative"] * 150 + ["positive"] * 150,
            "first",
            "all gold labels of the first 40 texts are 'negative'",
        ),
        (["negative"] * 60 + ["positive"] * 60, "first", "all gold labels of the first 40 texts"),
        (
            (["positive"] + ["negative"] * 39) * 9 + ["positive"] * 300,
            "first",
            "97.5 % of the gold labels of",
        ),
        (
            ["positive", None, "negative"] + ["negative"] * 98 + ["positive"] * 99,
            "first",
            "97.4 % of the gold labels of the first 40",
        ),
        (["negative"] * 90 + ["positive"] * 10, "first", None),
        (["negative"] * 150 + ["positive"] * 150, "random", None),
        (["negative", "positive"] * 150, "first", None),
        ([None] * 50, "first", None),
    ],
)
def test_labels_that_tell_nothing_are_warned_of(labels, select, warned) -> None:
    summary = summary_of([SourceText(f"text {number}", label) for number, label in enumerate(labels)], select)
    assert [warning.startswith(warned) for warning in summary["warnings"]] == ([True] if warned else [])
    assert describe(summary).count("warning: ") == len(summary["warnings"])


def test_a_file_sorted_by_label_gets_the_remedy() -> None:
    halves = [
        SourceText(f"text {number}", "positive" if number < 200 else "negative") for number in range(400)
    ]
    assert "set dataset.select to random or stratified" in summary_of(halves)["warnings"][0]


@pytest.mark.parametrize(
    ("select", "words"),
    [
        ("first", "order: as in the file; a run of m texts takes the first m"),
        ("random", "order: random (dataset.seed: 5)"),
        ("stratified", "order: random, each label in its share (dataset.seed: 5)"),
    ],
)
def test_the_order_is_said(select: Selection, words: str) -> None:
    assert words in describe(summary_of([SourceText("a", "positive"), SourceText("b", "negative")], select))


def test_what_is_unusual_is_said_on_the_console(tmp_path: Path) -> None:
    rows = [
        {"text": "Очень хорошо", "label": "good"},
        {"text": "很好\u200b", "label": None},
        {"text": "two\nlines", "label": "bad"},
    ]
    said = make_from_file(tmp_path, "a.csv", as_csv(rows), GOOD_BAD).stdout
    assert "3 texts from source file: 1 good, 1 bad, 1 without a gold label" in said
    assert "scripts, by most letters: Cyrillic 1, Han 1, Latin 1" in said
    assert "texts with invisible characters: zero-width space 1" in said
    assert "texts with line breaks of their own: 1;" in said
    assert "longest: 12 characters, row 1 (line 2) of a.csv, which begins 'Очень хорошо'" in said


def test_many_labels_are_cut_short_and_none_says_so() -> None:
    names = tuple(f"label{number}" for number in range(77))
    texts = [SourceText(f"text {name}", name) for name in names]
    loaded = Loaded(texts, "", {})
    kept, copies = deduplicate(texts, drop=False)
    said = describe(summarise(kept, names, Choice("file", "random", 0), copies, loaded))
    assert "... (77 labels)" in said
    assert "label76" not in said
    assert "none has a gold label, so there is no accuracy" in describe(
        summary_of([SourceText("a"), SourceText("b")])
    )
