"""Writes the report of one study: its table beside the published one, its sentences, its figure."""

from batchscope.config.studies import study_named
from batchscope.reporting.write_files import write_csv, write_figure, write_page
from batchscope.reports.report_job import ReportJob
from batchscope.reports.study.figure import study_figure
from batchscope.reports.study.page import study_page
from batchscope.results.frames import read_frame


def write_report(job: ReportJob) -> str:
    """Write the study's ``.md``, ``.html``, ``.csv``, ``.png`` and ``.svg``, and say what was written.

    Raises:
        UserError: there is no such study, or a table of runs is missing or damaged.
    """
    name, across = job.study, job.config.compare_environments
    study = study_named(job.config.active_studies, name)
    runs, repeats = (
        frame[frame["study"] == name]
        for frame in (read_frame(job.results / "tables" / f"{each}.parquet") for each in ("runs", "repeats"))
    )
    write_page(study_page(name, study, runs, across=across), job.table(name))
    write_csv(runs.dropna(axis="columns", how="all"), job.table(name))
    write_figure(study_figure(name, study, runs, repeats, across=across), job.plot(name))
    return f"{name}: {len(runs)} runs in {job.table(name)}.md and {job.plot(name)}.png"
