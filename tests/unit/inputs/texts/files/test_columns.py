"""Which column holds the texts, and which the labels."""

from pathlib import Path
from typing import Any

import pytest
from support.text_files import as_csv, make_from_file, pairs

LONG = ["a sentence of some length here", "and another one that is as long"]


def rows(**columns: list[Any]) -> bytes:
    return as_csv([dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)])


def task(*labels: str) -> dict[str, Any]:
    return {"labels": list(labels)}


@pytest.mark.parametrize(
    ("columns", "text", "label"),
    [
        ({"text": LONG, "label": ["x", "y"]}, "text", "label"),
        ({"label": ["x", "y"], "TEXT": LONG}, "TEXT", "label"),
        ({"id": [1, 2], "subject": ["a", "b"], "body": LONG, "team": ["x", "y"]}, "body", "team"),
        ({"title": LONG, "text": ["short", "ones"], "Sentiment": ["x", "y"]}, "text", "Sentiment"),
        ({"anything": LONG, "something": ["x", "y"]}, "anything", "something"),
        ({"n": [1, 2], "verbatim": LONG}, "verbatim", None),
        ({"content": LONG, "category": ["x", "y"], "class": ["x", "z"]}, "content", "category"),
        ({"text": LONG, "label": ["0", "1"], "label_text": ["x", "y"]}, "text", "label_text"),
        ({"text": LONG, "priority": ["high", "low"]}, "text", None),
        ({"only": LONG}, "only", None),
        (
            {"Beschwerde": LONG, "Datum": ["2026-01-01", "2026-01-02"], "kind": ["X", "y "]},
            "Beschwerde",
            "kind",
        ),
    ],
)
def test_columns_are_found(
    tmp_path: Path, columns: dict[str, list[Any]], text: str, label: str | None
) -> None:
    outcome = make_from_file(tmp_path, "a.csv", rows(**columns), task("x", "y", "z"))
    assert [found for found, _ in pairs(outcome)] == columns[text]
    wanted = [None, None] if label is None else [cell.strip().lower() for cell in columns[label]]
    assert [found for _, found in pairs(outcome)] == wanted
    assert f"texts from column '{text}'" in outcome.stdout
    assert f"the file's columns: {', '.join(columns)}" in outcome.stdout


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        (
            rows(one=LONG, two=LONG),
            ("which column holds the texts? The columns are: one, two; set this key",),
        ),
        (rows(a=[1, 2], b=[3, 4]), ("no column holds texts; the columns are: a, b",)),
        (
            b"How do I get my card?,arrival\nWhere is my card?,arrival\n",
            ("looks like a text", "write a header"),
        ),
        (
            b"it is not my own card at all,arrival\nWhere is it?,arrival\n",
            ("looks like a text", "write a header"),
        ),
        (b"Great.\nPoor.\n", ("looks like a text", "write a header")),
    ],
)
def test_what_cannot_be_told_is_asked(tmp_path: Path, content: bytes, fragments: tuple[str, ...]) -> None:
    make_from_file(tmp_path, "a.csv", content).assert_refused("dataset.file.text_column", *fragments)


def test_named_columns_go_before_found_ones(tmp_path: Path) -> None:
    content = rows(text=LONG, label=["x", "y"], summary=["one two", "three four"], team=["y", "x"])
    outcome = make_from_file(
        tmp_path, "a.csv", content, task("x", "y"), text_column="summary", label_column="team"
    )
    assert pairs(outcome) == [("one two", "y"), ("three four", "x")]


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"text,text,label\na b,c d,x\n", "dataset.file.text_column"),
        (b"text,label,label\na b,x,y\n", "dataset.file.label_column"),
        (b"note,note\na b c d e f,g\n", "dataset.file.text_column"),
    ],
)
def test_a_found_column_that_is_there_twice_is_refused(tmp_path: Path, content: bytes, key: str) -> None:
    outcome = make_from_file(tmp_path, "a.csv", content, task("x", "y"))
    outcome.assert_refused(key, "2 columns", "rename all but one")


def test_two_columns_of_labels_are_told_apart_by_name(tmp_path: Path) -> None:
    content = rows(text=LONG, guess=["x", "x"], gold=["x", "y"])
    assert [label for _, label in pairs(make_from_file(tmp_path, "a.csv", content, task("x", "y")))] == [
        "x",
        "y",
    ]


def test_a_column_may_be_called_as_its_neighbours_are_not(tmp_path: Path) -> None:
    """A column of ids is neither texts nor labels, even where it would be the longest."""
    content = rows(key=[f"{'k' * 60}{number}" for number in range(2)], note=LONG)
    outcome = make_from_file(tmp_path, "a.csv", content, id_column="key")
    assert [text for text, _ in pairs(outcome)] == LONG
