"""The registry of reports, held against the folders, the captions and the code that rules depend on."""

from importlib import import_module

import pytest
from support.project import ROOT

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.reports.registry import REPORTS, check_study_names
from batchscope.workflow.code_digest import reached


def test_each_folder_is_a_report_and_each_report_has_a_folder():
    folders = {path.parent.name for path in (ROOT / "batchscope" / "reports").glob("*/__init__.py")}
    assert folders == {report.name for report in REPORTS}
    for report in REPORTS:
        assert callable(import_module(report.module).write_report)


def test_every_caption_is_there_and_shown():
    shown = {how.caption for each in REPORTS for how in (each.page, each.figure, each.folder) if how}
    assert shown | {"workflow"} == {path.stem for path in (ROOT / "report").glob("*.rst")}


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_a_rule_depends_on_the_code_of_its_own_report(report):
    """The summary and the one page repeat the studies' sentences, timelines stand beside the studies' baselines, and the one
    page has two of them; memory and the server's pages use none of another report.
    """
    modules = reached(["scripts.make_report", report.module], ["batchscope.reports.registry"])
    others = {name.split(".")[2] for name in modules if name.startswith("batchscope.reports.")}
    allowed = {"summary": {"study"}, "timeline": {"study"}, "one_page": {"study", "timeline"}}.get(
        report.name, set()
    )
    assert others - {"report_job", report.name} == allowed


def test_targets_and_files_of_a_report():
    by_name = {report.name: report for report in REPORTS}
    assert by_name["cost"].targets() == ["tables/cost.html", "plots/cost.svg"]
    assert by_name["study"].targets("packing") == ["tables/packing.html", "plots/packing.svg"]
    assert by_name["serving"].targets("closed_loop") == [
        "tables/serving_closed_loop.html", "plots/serving_closed_loop.svg", "timelines/serving_closed_loop"
    ]  # fmt: skip
    assert by_name["imported"].tables == [f"imported{end}" for end in (".html", ".md", ".csv", ".parquet")]
    assert by_name["timeline"].targets("packing") == ["timelines/packing"]
    assert by_name["one_page"].targets() == ["report.html"]
    assert by_name["profiles"].tables == [f"profiles{end}" for end in (".html", ".md", ".csv", "_steps.csv")]


def test_what_is_asked_for_is_a_part_of_all():
    def asked(**values):
        return {report.name for report in REPORTS if report.is_asked_for(load_config(values))}

    usual = {"summary", "labels", "cost", "study", "timeline", "serving", "one_page"}
    assert asked() == usual
    assert asked(imported={"theirs": {"path": "theirs.json"}}) == {*usual, "imported"}
    assert asked(imported={"theirs": None}) == usual
    assert asked(gemm={"models": ["demo"]}) == {*usual, "gemm"}


@pytest.mark.parametrize(
    "name",
    [
        "runs",
        "repeats",
        "summary",
        "labels",
        "cost",
        "profiles",
        "profiles_steps",
        "memory",
        "imported",
        "Runs",
        "SUMMARY",
    ],
)
def test_a_study_cannot_take_the_name_of_a_table(name):
    with pytest.raises(
        UserError, match=f"studies: '{name}' is the name of a table of its own; rename the study"
    ):
        check_study_names(["packing", name])


def test_a_study_cannot_be_named_as_tables_of_the_server_are():
    with pytest.raises(UserError, match=r"studies: 'serving_closed_loop' is how .*; rename the study"):
        check_study_names(["packing", "serving_closed_loop"])
    with pytest.raises(UserError, match="rename the study"):
        check_study_names(["Serving_x"])


def test_other_names_are_free():
    check_study_names(["packing", "serving", "labels_of_mine", "cost2"])
