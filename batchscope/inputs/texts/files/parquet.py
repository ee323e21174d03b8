"""Reads Parquet files, with the names of labels that the library datasets keeps beside them."""

import io
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from batchscope.inputs.texts.files.opening import Content
from batchscope.inputs.texts.files.table import Request, Row, Table

ROWS_AT_A_TIME = 1000


def read(content: Content, request: Request) -> Table:
    """Read all rows. Numbers of labels become their names where the file says what these are.

    Raises:
        UserError: the file is damaged, holds no rows, or more than there is room for.
    """
    # Parquet is read from its end: what comes out of a packed file must be held whole.
    source = content.bytes if _can_seek(content) else io.BytesIO(content.bytes.read())
    try:
        # In this thread alone: one of pyarrow's that still holds a file of Python's when the script ends in
        # an error can abort the process (seen twice in some thousand runs).
        table = _read(pq.ParquetFile(source, pre_buffer=False), content)
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        request.refuse(
            "path", f"{content.shown} is no readable Parquet file ({reason}); fetch or write it again"
        )
    names = _label_names(table.schema)
    columns = [
        _named(table.column(at).to_pylist(), names.get(name)) for at, name in enumerate(table.column_names)
    ]
    rows = [
        Row(content.shown, number, None, cells)
        for number, cells in enumerate(zip(*columns, strict=True), start=1)
    ]
    return Table(table.column_names, rows, header=False)


def _read(file: pq.ParquetFile, content: Content) -> pa.Table:
    """All rows; a value that is stored once may stand in many, so they are counted as they come."""
    groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
    content.room.check(content.path, sum(group.total_byte_size for group in groups))
    batches, size = [], 0
    for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME, use_threads=False):
        size += batch.nbytes
        content.room.check(content.path, size)
        batches.append(batch)
    return pa.Table.from_batches(batches, file.schema_arrow)


def _can_seek(content: Content) -> bool:
    return isinstance(content.bytes.raw, io.BufferedReader)


def _label_names(schema: pa.Schema) -> dict[str, list[str]]:
    """For each column that `datasets` wrote as a ClassLabel, the label that each number stands for."""
    try:
        kept = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = kept["info"]["features"].items()
        return {name: list(feature["names"]) for name, feature in features if "names" in feature}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _named(values: Sequence[Any], names: Sequence[str] | None) -> Sequence[Any]:
    """-1 stands for no label there."""
    if names is None:
        return values
    known: dict[Any, str | None] = {-1: None, **dict(enumerate(names))}
    return [known.get(value, value) for value in values]
