"""What a change of the code makes stale: edits planted in a copy of a measured checkout, counted in planned jobs."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import ROOT, Project

from batchscope.workflow.code_digest import digest_of, reached

pytestmark = pytest.mark.engine

BEFORE_TABLES = {"make_dataset", "prepare_model", "make_prompts", "measure", "serve"}
"""Rules that nothing behind a measurement may set off."""

TABLES, PLOTS = {"make_tables"}, {"report_study", "report_summary"}
PAGES = {"report_labels", "report_cost"}
COST_PAGE = {"report_cost": 1, "make_verdict": 1, "report_one_page": 1}
"""The page, and what reads its table or shows it."""

INTERVALS = "batchscope/statistics/intervals.py"
PASSES = "batchscope/worker/engine/timed_pass.py"
"""A module that every measurement runs."""

WATCHING = (
    "batchscope/jobs/supervise.py",
    "batchscope/jobs/job_arguments.py",
    "batchscope/jobs/measure_job.py",
    "batchscope/planning/sweep_plan.py",
    "scripts/measure.py",
)
"""What starts, watches or words things: that is not what is measured."""


def edit(project: Project, name: str, change: Callable[[str], str]) -> None:
    """Change a module, and see that it changed."""
    path = project.folder / name
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before, name


def replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


def appended(line: str) -> Callable[[str], str]:
    return lambda text: text + line + "\n"


def reworded_docstring(text: str) -> str:
    """The module's docstring begins in other words."""
    assert text.startswith('"""')
    return '"""Said in other words.\n\n' + text.removeprefix('"""')


def test_another_spread_makes_tables_plots_and_pages_and_measures_nothing(measured_copy: Project) -> None:
    """Executed, not only planned: afterwards everything is up to date."""
    edit(measured_copy, INTERVALS, replaced("DRIFT = 0.01", "DRIFT = 0.02"))
    outcome = measured_copy.snakemake("all")
    assert outcome.status == 0, outcome.text
    assert outcome.rules.keys() >= TABLES | PLOTS | PAGES, outcome.text
    assert not BEFORE_TABLES & outcome.rules.keys(), outcome.text
    assert outcome.measured == set()
    assert measured_copy.snakemake("all", "--dry-run").jobs == []


@pytest.mark.parametrize(
    "change",
    [reworded_docstring, appended("# a remark"), appended("\n")],
    ids=["docstring", "comment", "blank"],
)
def test_words_and_blank_lines_make_nothing_stale(
    measured_copy: Project, change: Callable[[str], str]
) -> None:
    for name in (
        *WATCHING,
        PASSES,
        INTERVALS,
        "batchscope/common/errors.py",
        "batchscope/worker/job_socket.py",
        "batchscope/inputs/prompts.py",
        "batchscope/results/frames.py",
        "batchscope/config/configuration.py",
        "scripts/make_prompts.py",
    ):
        edit(measured_copy, name, change)
    outcome = measured_copy.snakemake("all", "--dry-run")
    assert outcome.status == 0, outcome.text
    assert outcome.jobs == [], outcome.text


def test_logic_that_starts_watches_or_words_things_makes_no_measurement_stale(measured_copy: Project) -> None:
    for name in WATCHING:
        edit(measured_copy, name, appended("REMARK = True"))
    outcome = measured_copy.snakemake("all", "--dry-run")
    assert outcome.status == 0, outcome.text
    assert outcome.measured == set(), outcome.text


def test_logic_of_the_worker_makes_every_measurement_stale(measured_copy: Project) -> None:
    edit(measured_copy, PASSES, appended("REMARK = True"))
    outcome = measured_copy.snakemake("all", "--dry-run")
    assert outcome.status == 0, outcome.text
    assert outcome.measured == {"packing/packed-n4", "packing/separate-n4", "saturation/packed-n8"}
    assert not (BEFORE_TABLES - {"measure"}) & outcome.rules.keys(), outcome.text


def test_a_page_s_wording_makes_that_page_and_what_shows_it_alone(measured_copy: Project) -> None:
    edit(measured_copy, "batchscope/reports/cost/page.py", replaced("how long should that take", "how fast"))
    outcome = measured_copy.snakemake("all", "--dry-run")
    assert outcome.status == 0, outcome.text
    assert outcome.rules == COST_PAGE, outcome.text


def test_a_profile_page_is_no_input_of_a_capture(tmp_path: Path) -> None:
    """By digest; tests/engine/test_profiles.py counts the jobs where a capture is."""
    page, capture = "batchscope.reports.profiles.page", "scripts.profile_run"
    assert page not in reached([capture])
    for package in ("batchscope", "scripts"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "batchscope/reports/profiles/page.py"
    path.write_text(path.read_text() + "REMARK = True\n")
    assert digest_of([page], root=tmp_path) != digest_of([page])
    assert digest_of([capture], root=tmp_path) == digest_of([capture])
