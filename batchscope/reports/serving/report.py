"""Writes the report of one study of the server: page, table, figure, and a timeline of each load point."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from batchscope.config.studies import study_named
from batchscope.reporting.figure import clocks
from batchscope.reporting.write_files import write_csv, write_figure, write_page
from batchscope.reports.report_job import ReportJob
from batchscope.reports.serving.compare_with_offline import beside_offline
from batchscope.reports.serving.figure import bar_name, serving_figure
from batchscope.reports.serving.frame import serving_frame
from batchscope.reports.serving.offline_counterparts import runs_beside
from batchscope.reports.serving.page import serving_page
from batchscope.reports.serving.request_timeline import load_seconds, timeline_figure
from batchscope.results.configured_runs import configured_points, configured_runs
from batchscope.results.loads.points import LoadPoint
from batchscope.results.published.serving import load_published
from batchscope.studies.grid import expand_serving, expand_studies

PUBLISHED = Path(__file__).resolve().parents[3] / "docs" / "reference" / "h800" / "serving.csv"


def write_report(job: ReportJob) -> str:
    """Write what docs/files.md lists for a study of the server, and say what was written.

    Raises:
        UserError: there is no such study, or a file is missing or damaged.
    """
    serving, name = job.config.serving, f"serving_{job.study}"
    study = study_named(serving.active_studies, job.study)
    asked = [run for run in expand_serving(job.config) if run.study == job.study]
    points = configured_points(job.results / "serving", asked, job.config)
    beside = runs_beside(asked, expand_studies(job.config))
    offline = configured_runs(job.results / "runs", beside, job.config)
    frame = serving_frame(points, serving.slo, load_published(PUBLISHED))
    page = serving_page(job.study, study, frame, serving.slo, list(beside_offline(points, offline)))
    write_page(page, job.table(name))
    write_csv(frame.dropna(axis="columns", how="all"), job.table(name))
    write_figure(serving_figure(job.study, study, frame, page.context), job.plot(name))
    draw_timelines(points, frame, page.context[0], job.timelines(name))
    return f"{job.study}: {len(points)} load points in {job.table(name)}.md"


def draw_timelines(points: Sequence[LoadPoint], frame: pd.DataFrame, footnote: str, out: Path) -> None:
    """A figure for each load point that was measured, all of them on one clock where that shows anything."""
    out.mkdir(parents=True, exist_ok=True)
    there = [
        (point, bar_name(row).replace("\n", " "))
        for point, (_, row) in zip(points, frame.iterrows(), strict=True)
        if not point.client.empty
    ]
    ends = clocks([load_seconds(point.client, point.run.steps) for point, _ in there])
    for (point, name), until in zip(there, ends, strict=True):
        figure = timeline_figure(f"{name}: each request", point.client, point.run.steps, footnote, until)
        write_figure(figure, out / point.served.run)
