"""The source ``file``: all its keys reach the reader. What a reader does: tests/unit/inputs/texts/files."""

from pathlib import Path

from support.data_helpers import make_dataset
from support.text_files import pairs, texts_of


def test_every_key_reaches_the_reader(tmp_path: Path) -> None:
    (tmp_path / "mine.data").write_bytes('nr~wörtlich~ja\n7~"Très" bon~A\n9~mal~B\n'.encode("cp1252"))
    keys = {
        "path": "mine.data",
        "format": "csv",
        "delimiter": "~",
        "quotes": False,
        "encoding": "cp1252",
        "text_column": "wörtlich",
        "label_column": "ja",
        "id_column": "nr",
    }
    outcome = make_dataset(tmp_path, task={"labels": ["a", "b"]}, source="file", select="first", file=keys)
    assert pairs(outcome) == [('"Très" bon', "a"), ("mal", "b")]
    assert [text.id for text in texts_of(outcome)] == ["7", "9"]


def test_texts_are_drawn_at_random_unless_the_configuration_says_otherwise(tmp_path: Path) -> None:
    lines = "".join(f"text number {number},{'ab'[number >= 50]}\n" for number in range(100))
    (tmp_path / "sorted.csv").write_text(f"text,label\n{lines}")
    block = {"source": "file", "file": {"path": "sorted.csv"}, "task": {"labels": ["a", "b"]}}
    drawn, again, other, first, even = (
        texts_of(make_dataset(tmp_path, **block, **keys))
        for keys in ({}, {"select": "random"}, {"seed": 1}, {"select": "first"}, {"select": "stratified"})
    )
    assert drawn == again
    assert len({tuple(map(tuple, order)) for order in (drawn, other, first, even)}) == 4
    assert [text.row for text in first] == list(range(1, 101))
    assert sorted(drawn) == sorted(other) == sorted(first) == sorted(even)
    assert all(sum(text.label == "a" for text in even[:count]) == count // 2 for count in range(2, 101, 2))
    assert 10 < sum(text.label == "a" for text in drawn[:50]) < 40
