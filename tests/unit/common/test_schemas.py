"""Tables of runs and of load points: readers and writers depend on these columns, and files of old on them too."""

import pyarrow.parquet as pq
import pytest
from support.project import ROOT

from batchscope.common.schemas import CLIENT, HARDWARE, REQUESTS, STEPS

REFERENCE = ROOT / "docs" / "reference" / "h100"


@pytest.mark.parametrize(
    ("name", "schema"),
    [("requests", REQUESTS), ("steps", STEPS), ("hardware", HARDWARE), ("client", CLIENT)],
)
def test_the_published_files_have_these_columns(name: str, schema: object) -> None:
    files = [file for kind in ("runs", "serving") for file in (REFERENCE / kind).rglob(f"{name}.parquet")]
    assert files
    for file in files:
        found = pq.read_schema(file)
        assert set(found.names) <= set(schema.names), file
        assert all(found.field(column).type == schema.field(column).type for column in found.names), file
