"""Files of every format, through the script: what is read, and how a wrong file is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.text_files import (
    GOOD_BAD,
    PACKERS,
    TICKETS,
    as_csv,
    as_json_lines,
    as_parquet,
    make_from_file,
    pairs,
    texts_of,
)

WANTED = [(row["text"], row["team"]) for row in TICKETS]

FORMATS: dict[str, Callable[[Any], bytes]] = {
    "tickets.csv": as_csv,
    "tickets.tsv": lambda rows: as_csv(rows, "\t"),
    "tickets.jsonl": as_json_lines,
    "tickets.json": lambda rows: json.dumps(rows).encode(),
    "tickets.parquet": as_parquet,
}


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_in_every_packing(tmp_path: Path, name: str, packing: str) -> None:
    outcome = make_from_file(tmp_path, name + packing, PACKERS[packing](FORMATS[name](TICKETS)))
    assert pairs(outcome) == WANTED
    assert outcome.summary["labels"] == {"billing": 2, "delivery": 1, "technical": 1}
    assert "texts from column 'text', gold labels from column 'team'" in outcome.stdout
    assert [text.row for text in texts_of(outcome)] == [1, 2, 3, 4]
    assert {text.file for text in texts_of(outcome)} == {name + packing}


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("name", FORMATS)
def test_content_tells_the_format_where_the_name_does_not(tmp_path: Path, name: str, packing: str) -> None:
    outcome = make_from_file(tmp_path, "download", PACKERS[packing](FORMATS[name](TICKETS)))
    assert pairs(outcome) == WANTED


LABELLED = [
    {"text": "Fine.", "label": "good"},
    {"text": "Poor.", "label": None},
    {"text": "So so.", "label": "bad"},
]


@pytest.mark.parametrize("name", FORMATS)
def test_some_texts_may_have_no_gold_label(tmp_path: Path, name: str) -> None:
    outcome = make_from_file(tmp_path, name, FORMATS[name](LABELLED), GOOD_BAD)
    assert pairs(outcome) == [("Fine.", "good"), ("Poor.", None), ("So so.", "bad")]
    assert outcome.summary["unlabelled"] == 1
    assert "1 without a gold label" in outcome.stdout


@pytest.mark.parametrize("name", FORMATS)
def test_all_texts_may_have_no_gold_label(tmp_path: Path, name: str) -> None:
    rows = [{"text": row["text"]} for row in TICKETS]
    outcome = make_from_file(tmp_path, name, FORMATS[name](rows))
    assert pairs(outcome) == [(text, None) for text, _ in WANTED]
    assert "no gold labels, for no column looks like them" in outcome.stdout
    assert outcome.summary["largest_class"] is None


@pytest.mark.parametrize("name", FORMATS)
def test_gold_labels_can_be_left_out(tmp_path: Path, name: str) -> None:
    outcome = make_from_file(tmp_path, name, FORMATS[name](TICKETS), label_column=None)
    assert {label for _, label in pairs(outcome)} == {None}
    assert "dataset.file.label_column: null" in outcome.stdout


@pytest.mark.parametrize("name", FORMATS)
def test_ids_are_the_users(tmp_path: Path, name: str) -> None:
    rows = [{"ticket": 100 + 7 * number, **row} for number, row in enumerate(TICKETS)]
    outcome = make_from_file(tmp_path, name, FORMATS[name](rows), id_column="ticket")
    assert [text.id for text in texts_of(outcome)] == ["100", "107", "114", "121"]
    assert pairs(outcome) == WANTED


@pytest.mark.parametrize("name", FORMATS)
def test_numbers_and_truth_values_are_labels(tmp_path: Path, name: str) -> None:
    if name in {"tickets.csv", "tickets.tsv"}:
        rows = [{"text": "a b", "label": "true"}, {"text": "c d", "label": "false"}]
    else:
        rows = [{"text": "a b", "label": True}, {"text": "c d", "label": False}]
    spelt = {"labels": [{"name": "spam", "spellings": ["true"]}, {"name": "ham", "spellings": ["false"]}]}
    assert pairs(make_from_file(tmp_path, name, FORMATS[name](rows), spelt)) == [
        ("a b", "spam"),
        ("c d", "ham"),
    ]
    rows = [{"text": "a b", "label": 1}, {"text": "c d", "label": 0}, {"text": "e f", "label": None}]
    spelt = {"labels": [{"name": "spam", "spellings": ["1"]}, {"name": "ham", "spellings": ["0"]}]}
    outcome = make_from_file(tmp_path, name, FORMATS[name](rows), spelt)
    assert [label for _, label in pairs(outcome)] == ["spam", "ham", None]


DIRTY = [{"text": "Fine.", "label": "good"}, {"text": " ", "label": "bad"}, {"text": None, "label": "bad"}]


@pytest.mark.parametrize("name", FORMATS)
def test_dirty_rows_are_named(tmp_path: Path, name: str) -> None:
    has_lines = name in {"tickets.csv", "tickets.tsv", "tickets.jsonl"}
    header = name in {"tickets.csv", "tickets.tsv"}
    line = f" (line {2 + header})" if has_lines else ""
    make_from_file(tmp_path, name, FORMATS[name](DIRTY), GOOD_BAD).assert_refused(
        "dataset.file.path", f"{name} has 2 dirty rows", f"row 2{line}: empty text", "row 3"
    )


@pytest.mark.parametrize("name", FORMATS)
def test_unknown_labels_are_counted_and_placed(tmp_path: Path, name: str) -> None:
    make_from_file(tmp_path, name, FORMATS[name](TICKETS), {}, label_column="team").assert_refused(
        "task.labels",
        '2 x "billing", 1 x "delivery"',
        "first in row 1",
        f"of {name}",
        "task: {labels: [billing, delivery, technical]}",
    )


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("keys", "fragments"),
    [
        ({"text_column": "txt"}, ("dataset.file.text_column", "no column 'txt'", "did you mean 'text'?")),
        ({"label_column": "class"}, ("dataset.file.label_column", "text, team", "null: there are no gold")),
        ({"id_column": "number"}, ("dataset.file.id_column", "no column 'number'")),
        ({"id_column": "team"}, ("row 4", "the id 'billing' is that of row 1", "too")),
        ({"sha256": "0" * 64}, ("dataset.file.sha256", "expected 000", "right file")),
    ],
)
def test_wrong_keys(tmp_path: Path, name: str, keys: dict[str, Any], fragments: tuple[str, ...]) -> None:
    make_from_file(tmp_path, name, FORMATS[name](TICKETS), **keys).assert_refused(*fragments)


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_is_cut_is_refused(tmp_path: Path, name: str, packing: str) -> None:
    """Unpacked text that ends early may be whole for all that a reader can see; all else is noticed."""
    rows = [{**row, "text": row["text"] + str(number) * 50} for number in range(50) for row in TICKETS]
    content = PACKERS[packing](FORMATS[name](rows))
    outcome = make_from_file(tmp_path, name + packing, content[: len(content) // 2])
    if packing or name in {"tickets.json", "tickets.parquet"}:
        outcome.assert_refused("dataset.file.path", name + packing)
    else:
        assert outcome.returncode == 1 or len(texts_of(outcome)) < len(rows)


@pytest.mark.parametrize(
    "cell",
    [["a", "list"], {"an": "object"}, [], {"text": ["nested"]}],
    ids=["list", "object", "empty", "nested"],
)
@pytest.mark.parametrize("column", ["text", "label"])
def test_a_list_is_no_text_and_no_label(tmp_path: Path, cell: Any, column: str) -> None:
    rows = [{"text": "Fine.", "label": "good"} | {column: cell}]
    outcome = make_from_file(tmp_path, "a.jsonl", as_json_lines(rows), GOOD_BAD)
    outcome.assert_refused("row 1 (line 1)", f"the {column} is a list or an object")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"\n\n"),
        ("a.csv", b"text,label\n"),
        ("a.jsonl", b""),
        ("a.json", b"[]"),
        ("a.txt", b"\n"),
    ],
)
def test_an_empty_file(tmp_path: Path, name: str, content: bytes) -> None:
    make_from_file(tmp_path, name, content).assert_refused("dataset.file.path", name)


def test_empty_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a.parquet")
    make_from_file(tmp_path, "a.parquet", None).assert_refused("dataset.file.path", "a.parquet", "no rows")
