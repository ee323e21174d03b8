"""Writes the summary: all studies on one page, each with its answer in sentences."""

from batchscope.common.atomic_files import write_text
from batchscope.reporting.render import summary_html, summary_markdown
from batchscope.reports.report_job import ReportJob
from batchscope.reports.study.page import study_page
from batchscope.reports.summary.page import VERDICT, sweep
from batchscope.results.frames import read_frame


def write_report(job: ReportJob) -> str:
    """Write ``summary.md`` and ``.html``, and say what was written."""
    config, runs = job.config, read_frame(job.results / "tables" / "runs.parquet")
    pages = [
        study_page(name, study, runs[runs["study"] == name], across=config.compare_environments)
        for name, study in config.active_studies.items()
    ]
    lead = [VERDICT, *filter(None, [sweep(runs)])]
    stem = job.table("summary")
    write_text(stem.with_suffix(".md"), summary_markdown(config.title, pages, *lead))
    write_text(stem.with_suffix(".html"), summary_html(config.title, pages, *lead))
    return f"{len(pages)} studies in {stem}.md"
