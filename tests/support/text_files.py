"""Small files of texts in every format, and the data set made from them."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from support.data_helpers import Outcome, make_dataset

from batchscope.inputs.texts.source_text import SourceText, read_source_texts

TICKETS = [
    {"text": "I was charged twice.", "team": "billing"},
    {"text": "My parcel, sent on Monday, is lost.", "team": "delivery"},
    {"text": 'The app says "error 7".', "team": "technical"},
    {"text": "Ich möchte mein Geld zurück.", "team": "billing"},
]
TEAMS = ["billing", "delivery", "technical"]
TASK = {"labels": TEAMS}
GOOD_BAD = {"labels": ["good", "bad"]}


def as_csv(rows: Sequence[Mapping[str, Any]], delimiter: str = ",") -> bytes:
    def field(value: Any) -> str:
        text = "" if value is None else str(value)
        return '"' + text.replace('"', '""') + '"' if set(text) & {delimiter, '"', "\n", "\r"} else text

    lines = [rows[0].keys(), *(row.values() for row in rows)]
    return "".join(delimiter.join(map(field, line)) + "\n" for line in lines).encode()


def as_json_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_parquet(rows: Sequence[Mapping[str, Any]], metadata: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    table = pa.Table.from_pylist([dict(row) for row in rows])
    pq.write_table(table.replace_schema_metadata(metadata), buffer)
    return buffer.getvalue()


def zipped(content: bytes, *names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return buffer.getvalue()


def zstandard(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(content)
    return sink.getvalue().to_pybytes()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard,
    ".zip": lambda content: zipped(content, "inside.dat"),
}


def make_from_file(
    folder: Path, name: str, content: bytes | None, task: Mapping[str, Any] = TASK, **keys: Any
) -> Outcome:
    """A data set from the source ``file`` in the file's order; ``keys`` are those of its block."""
    if content is not None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return make_dataset(folder, task=task, source="file", select="first", file={"path": name} | keys)


def texts_of(outcome: Outcome) -> list[SourceText]:
    assert outcome.returncode == 0, outcome.stderr
    return read_source_texts(outcome.texts_csv)


def pairs(outcome: Outcome) -> list[tuple[str, str | None]]:
    """Texts and labels, in order."""
    return [(text.content, text.label) for text in texts_of(outcome)]
