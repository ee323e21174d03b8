"""What jobs are called."""

from support.project import ROOT

from batchscope.console.knowledge import MEASURING, PRINTING, TABLES, name_of_job


def test_runs_are_called_by_their_names() -> None:
    assert name_of_job("measure", {"study": "packing", "run": "packed-n4"}) == "packing/packed-n4"
    point = {"serving_study": "closed_loop", "load_point": "packed-n4"}
    assert name_of_job("serve", point) == "serving/closed_loop/packed-n4"
    assert name_of_job("report_study", {"study": "packing"}) == "report_study packing"
    assert name_of_job("make_tables", {}) == "make_tables"


def test_the_rules_are_there() -> None:
    rules = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    assert all(f"rule {name}:" in rules for name in (*MEASURING, *PRINTING, TABLES))
