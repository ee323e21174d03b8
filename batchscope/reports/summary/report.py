"""Writes the summary: all studies on one page, each with the setting to use and its answer in sentences."""

from dataclasses import replace

import pandas as pd

from batchscope.common.atomic_files import write_text
from batchscope.config.configuration import Config
from batchscope.config.studies import Study
from batchscope.reporting.page import Page
from batchscope.reporting.render import summary_html, summary_markdown
from batchscope.reports.report_job import ReportJob
from batchscope.reports.study.page import study_page
from batchscope.reports.summary.page import sweep
from batchscope.reports.summary.recommendation import recommendation
from batchscope.results.frames import read_frame
from batchscope.results.label_rows import Labels, labels_of_studies, load_labels
from batchscope.results.over_starts import labels_of_runs


def write_report(job: ReportJob) -> str:
    """Write ``summary.md`` and ``.html``, and say what was written."""
    config, runs = job.config, read_frame(job.results / "tables" / "runs.parquet")
    folder = job.results / "labels"
    of_starts = labels_of_studies(
        {study: load_labels(folder / f"{study}.parquet") for study in config.active_studies}
    )
    labels = labels_of_runs(of_starts, runs)
    pages = [_page(name, study, runs, labels, config) for name, study in config.active_studies.items()]
    stem = job.table("summary")
    write_text(stem.with_suffix(".md"), summary_markdown(config.title, pages, sweep(runs)))
    write_text(stem.with_suffix(".html"), summary_html(config.title, pages, sweep(runs)))
    return f"{len(pages)} studies in {stem}.md"


def _page(name: str, study: Study, runs: pd.DataFrame, labels: Labels, config: Config) -> Page:
    """A study's page, what it recommends first."""
    its, across = runs[runs["study"] == name], config.compare_environments
    page = study_page(name, study, its, across=across)
    if its.empty:
        return page
    said = recommendation(its, runs, labels, config.verdict, across=across)
    return replace(page, findings=[*said, *page.findings])
