"""Writes the answer on one page, ``report.html``, from the verdict and what other reports wrote."""

from pathlib import Path
from typing import Any

import pandas as pd

from batchscope.common.atomic_files import write_text
from batchscope.config.configuration import Config
from batchscope.reporting.provenance import environments, models
from batchscope.reports.one_page.chart import shown_in_chart
from batchscope.reports.one_page.charts import charts
from batchscope.reports.one_page.render import Content, page_html
from batchscope.reports.one_page.sections import published, sections
from batchscope.reports.one_page.study_sections import anchors, study_section
from batchscope.reports.one_page.timelines import baselines
from batchscope.reports.one_page.verdict_file import read_verdict
from batchscope.reports.report_job import ReportJob
from batchscope.results.frames import read_frame


def write_report(job: ReportJob) -> str:
    """Write ``report.html``, and say where.

    Raises:
        UserError: the verdict or the table of runs is missing or damaged.
    """
    verdict, runs = (
        read_verdict(job.results / "verdict.json"),
        read_frame(job.results / "tables/runs.parquet"),
    )
    path = job.out / "report.html"
    write_text(path, page_html(content_of(verdict, runs, job.config, job.results)))
    return f"the answer on one page: {path} ({path.stat().st_size / 1e6:.1f} MB)"


def content_of(verdict: dict[str, Any], runs: pd.DataFrame, config: Config, results: Path) -> Content:
    """What the page shows.

    Args:
        verdict: verdict.json.
        runs: the runs frame.
        config: its studies, offline and of the server.
        results: the folder with pages and figures of other reports.
    """
    studies, across = config.active_studies, config.compare_environments
    served = {name: study.question for name, study in config.serving.active_studies.items()}
    links = anchors(verdict, list(studies))
    drawn = shown_in_chart(verdict["settings"])
    questions = {name: study.question for name, study in studies.items()} | served
    ids = {setting["id"] for setting in drawn}
    return Content(
        verdict=verdict,
        links=links,
        questions=questions,
        charts=charts("chart", drawn, {name: f"#{anchor}" for name, anchor in links.items()}),
        not_compared=[each for each in verdict["settings"] if each["id"] not in ids and not each["same_as"]],
        studies=[
            study_section(name, study, runs[runs["study"] == name], verdict, links, questions, across=across)
            for name, study in studies.items()
        ],
        sections=sections(results, served, verdict, baselines(runs, studies)),
        provenance=[*environments(runs, across=across), *models(runs)],
        published=published(runs),
    )
