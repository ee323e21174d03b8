"""Writes the report on labels: how right those of all studies are."""

from batchscope.reporting.write_files import write_csv, write_figure, write_page
from batchscope.reports.labels.figure import labels_figure
from batchscope.reports.labels.frame import labels_of_studies, positions_frame, quality_frame
from batchscope.reports.labels.page import TITLE, labels_page
from batchscope.reports.report_job import ReportJob
from batchscope.results.frames import read_frame
from batchscope.results.label_rows import load_labels


def write_report(job: ReportJob) -> str:
    """Write ``labels.md``, ``.html``, ``.csv``, ``.png`` and ``.svg``, and say what was written."""
    across = job.config.compare_environments
    runs = read_frame(job.results / "tables" / "runs.parquet")
    folder = job.results / "labels"
    labels = labels_of_studies(
        {study: load_labels(folder / f"{study}.parquet") for study in job.config.active_studies}
    )
    found = quality_frame(runs, labels, across=across)
    write_page(labels_page(runs, found, across=across), job.table(TITLE))
    write_csv(found.convert_dtypes(), job.table(TITLE))  # counts without decimals
    figure = labels_figure(runs, found, positions_frame(runs, labels), across=across)
    write_figure(figure, job.plot(TITLE))
    return f"labels of {len(found)} of {len(runs)} runs judged: {job.table(TITLE)}.html"
