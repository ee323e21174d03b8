"""Parquet files, also with the label names that the library datasets keeps in them."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.text_files import GOOD_BAD, as_parquet, make_from_file, pairs

ROWS = [{"text": "Fine.", "label": 1}, {"text": "Poor.", "label": 0}, {"text": "Hm.", "label": -1}]


def class_label(names: object) -> dict[str, str]:
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "label": {"names": names, "_type": "ClassLabel"},
    }
    return {"huggingface": json.dumps({"info": {"features": features}})}


def test_numbers_become_the_labels_that_they_stand_for(tmp_path: Path) -> None:
    content = as_parquet(ROWS, class_label(["bad", "good"]))
    assert pairs(make_from_file(tmp_path, "a.parquet", content, GOOD_BAD)) == [
        ("Fine.", "good"), ("Poor.", "bad"), ("Hm.", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "metadata", [None, {"huggingface": "no JSON"}, {"huggingface": "[]"}, {"huggingface": '{"info": null}'}]
)
def test_numbers_stay_numbers_where_nothing_names_them(
    tmp_path: Path, metadata: dict[str, str] | None
) -> None:
    task = {"labels": ["-1", "0", "1"]}
    outcome = make_from_file(tmp_path, "a.parquet", as_parquet(ROWS, metadata), task)
    assert [label for _, label in pairs(outcome)] == ["1", "0", "-1"]


def written(table: pa.Table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


TEXTS = ["Fine film.", "Poor film.", "So so."]
LABELS = ["good", "bad", None]


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"text": TEXTS, "label": LABELS}),
        pa.table({"text": pa.array(TEXTS, pa.large_string()), "label": pa.array(LABELS).dictionary_encode()}),
        pa.table({"label": LABELS, "other": [[1], [2], []], "text": TEXTS}),
        pa.table({"text": pa.array(TEXTS).cast(pa.binary()), "label": pa.array(LABELS).cast(pa.binary())}),
    ],
    ids=["plain", "large and dictionary", "other columns", "bytes"],
)
@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "none"])
def test_every_kind_of_column(tmp_path: Path, table: pa.Table, compression: str) -> None:
    content = written(table, compression=compression, row_group_size=2)
    outcome = make_from_file(tmp_path, "a.pq", content, GOOD_BAD)
    assert pairs(outcome) == list(zip(TEXTS, LABELS, strict=True))


def test_a_column_twice(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(TEXTS), pa.array(TEXTS)], names=["text", "text"])
    outcome = make_from_file(tmp_path, "a.parquet", written(table), text_column="text")
    outcome.assert_refused("dataset.file.text_column", "2 columns 'text'", "rename")


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1 and no more", b"no Parquet"])
def test_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    outcome = make_from_file(tmp_path, "a.parquet", content)
    outcome.assert_refused("dataset.file.path", "a.parquet", "fetch or write it again")
