"""The report on imported results, beside what was measured on an H100."""

import json
import shutil

import pandas as pd
import pytest
from support.imported_results import FILES
from support.project import ROOT

from batchscope.common.errors import UserError
from batchscope.config.reading.older_names import configuration_today
from batchscope.reports.imported.report import write_report
from batchscope.reports.report_job import ReportJob

REFERENCE = ROOT / "docs" / "reference" / "h100"
POINT = "closed_loop/separate-n40-c64"


@pytest.fixture
def measured(tmp_path):
    """A folder of results with the tables of the reference; gets ``config.json`` with what is imported."""

    def write(**imported):
        values = configuration_today(json.loads((REFERENCE / "config.json").read_text()))
        (tmp_path / "config.json").write_text(json.dumps(values | {"imported": imported}))
        return ReportJob(tmp_path, tmp_path)

    tables = tmp_path / "tables"
    tables.mkdir()
    for table in (REFERENCE / "tables").glob("serving_*.csv"):
        shutil.copy(table, tables)
    pd.read_csv(REFERENCE / "tables" / "runs.csv").to_parquet(tables / "runs.parquet")
    return write


def test_our_own_load_point_as_vllm_wrote_it_down_stands_beside_itself(measured, tmp_path):
    theirs = {"path": str(REFERENCE / "serving" / POINT / "bench.json"), "texts_per_request": 1}
    said = write_report(measured(same=theirs, other={"path": str(FILES / "aiperf.json")}, gone=None))
    assert said.startswith("2 measurements of 2 files in ")
    frame = pd.read_csv(tmp_path / "tables" / "imported.csv", index_col="name")
    same = frame.loc["same"]
    assert same["ours.run"] == f"serving/{POINT}"
    for name in ("texts_per_s", "total_token_throughput", "median_ttft_ms", "p99_e2el_ms"):
        assert same[f"ratio.{name}"] == pytest.approx(1)
    assert frame.loc["other"]["why_not"].startswith("none of our models is called smollm2; ")
    assert list(pd.read_parquet(tmp_path / "tables" / "imported.parquet")) == ["name", *frame]
    for end in ("md", "html", "csv"):
        text = (tmp_path / "tables" / f"imported.{end}").read_text()
        assert "separate-n40-c64" in text
        assert str(ROOT) not in text


def test_nothing_to_import_and_tables_that_are_not_there_are_told(measured, tmp_path):
    with pytest.raises(UserError, match=r"imported: names no result file.*; write imported: \{theirs"):
        write_report(measured())
    job = measured(theirs={"path": str(FILES / "aiperf.json")})
    (tmp_path / "tables" / "serving_closed_loop.csv").unlink()
    with pytest.raises(UserError, match=r"serving_closed_loop.csv: cannot be read .*; delete it and rerun"):
        write_report(job)
