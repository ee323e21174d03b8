"""Writes the cost report: what was measured beside what the cost model predicts."""

from batchscope.reporting.write_files import write_csv, write_figure, write_page
from batchscope.reports.cost.curves import curves_of
from batchscope.reports.cost.figure import Sheet, cost_figure
from batchscope.reports.cost.frame import constants, cost_frame, estimate
from batchscope.reports.cost.page import TITLE, cost_page, describe_shown_configuration
from batchscope.reports.report_job import ReportJob
from batchscope.results.configured_runs import configured_runs
from batchscope.results.frames import runs_frame
from batchscope.studies.grid import expand_studies


def write_report(job: ReportJob) -> str:
    """Write ``cost.md``, ``.html``, ``.csv``, ``.png`` and ``.svg``, and say what was written."""
    records = configured_runs(job.results / "runs", expand_studies(job.config), job.config)
    estimates = [estimate(record) for record in records]
    found = constants(estimates)
    frame, curves = cost_frame(estimates, found), curves_of(estimates, found)
    page = cost_page(frame, runs_frame(records, []), found, curves)
    write_page(page, job.table(TITLE))
    write_csv(frame, job.table(TITLE))
    write_figure(
        cost_figure(Sheet(frame, curves), [*page.context, *describe_shown_configuration(curves)]),
        job.plot(TITLE),
    )
    return f"{len(records)} runs in {job.table(TITLE)}.md and {job.plot(TITLE)}.png"
