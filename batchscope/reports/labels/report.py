"""Writes the report on labels: how right those of all studies are."""

from batchscope.reporting.write_files import write_csv, write_figure, write_page
from batchscope.reports.labels.figure import labels_figure
from batchscope.reports.labels.frame import judge
from batchscope.reports.labels.page import TITLE, labels_page
from batchscope.reports.report_job import ReportJob
from batchscope.results.frames import read_frame
from batchscope.results.label_rows import labels_of_studies, load_labels
from batchscope.results.over_starts import labels_of_runs


def write_report(job: ReportJob) -> str:
    """Write the page, its tables and the figure, and say what was written.

    ``labels_confusion.csv``, ``labels_by_label.csv`` and ``labels_reliability.csv`` have what `Judged` has.
    """
    across = job.config.compare_environments
    runs = read_frame(job.results / "tables" / "runs.parquet")
    folder = job.results / "labels"
    of_starts = labels_of_studies(
        {study: load_labels(folder / f"{study}.parquet") for study in job.config.active_studies}
    )
    labels = labels_of_runs(of_starts, runs)
    judged = judge(runs, labels, job.config.task.names, across=across)
    write_page(labels_page(runs, judged, across=across), job.table(TITLE))
    write_csv(judged.runs.convert_dtypes(), job.table(TITLE))  # counts without decimals
    for name, frame in (
        ("confusion", judged.confusion),
        ("by_label", judged.labels),
        ("reliability", judged.reliability),
    ):
        write_csv(frame, job.table(f"{TITLE}_{name}"))
    write_figure(labels_figure(runs, judged, across=across), job.plot(TITLE))
    return f"labels of {len(judged.runs)} of {len(runs)} runs judged: {job.table(TITLE)}.html"
