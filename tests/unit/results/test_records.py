"""Files of measurements under the names that they had first."""

import json

import pandas as pd
import pyarrow as pa
import pytest
from support.analysis_helpers import write_run
from support.project import ROOT

from batchscope.common.errors import UserError
from batchscope.results.records import load_measurement, load_table


@pytest.mark.parametrize(
    ("folder", "texts"),
    [
        ("h100/runs/saturation/packed-n40-r160", 160),
        ("h100/runs/reuse/packed-n400-reuse-text", 400 * 20),
        ("h100/serving/open_loop/separate-n1-rate20", 400),
        ("h200/runs/packing/separate-n40", 40),
    ],
)
def test_committed_measurements_are_read(folder: str, texts: int) -> None:
    measurement = load_measurement(ROOT / "docs/reference" / folder)
    assert measurement.texts == texts
    assert measurement.spec.workload.output_tokens_per_text == 1


def test_a_workload_that_is_none_is_damaged(tmp_path):
    folder = write_run(tmp_path)
    path = folder / "measurement.json"
    values = json.loads(path.read_text())
    values["spec"]["workload"] = "texts"
    path.write_text(json.dumps(values))
    with pytest.raises(UserError, match=r"measurement\.json: damaged: spec\.workload: "):
        load_measurement(folder)


def test_a_table_s_first_column_names_are_read(tmp_path):
    schema = pa.schema([("text_id", pa.int32()), ("label", pa.string())])
    path = tmp_path / "labels.parquet"
    pd.DataFrame({"review_id": [3, 1], "label": ["a", "b"]}).to_parquet(path)
    older = load_table(path, schema)
    pd.DataFrame({"text_id": [3, 1], "label": ["a", "b"]}).to_parquet(path)
    pd.testing.assert_frame_equal(older, load_table(path, schema))
