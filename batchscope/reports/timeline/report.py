"""Writes the timelines of one study: what happened inside each run, drawn and as lines of text."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from batchscope.common.errors import UserError
from batchscope.config.studies import study_named
from batchscope.reporting.figure import clocks
from batchscope.reporting.style import save
from batchscope.reporting.wording import varying
from batchscope.reports.report_job import ReportJob
from batchscope.reports.timeline.figure import run_title, timeline_figure
from batchscope.reports.timeline.frame import Timeline, timeline_of, timeline_text
from batchscope.results.frames import runs_frame
from batchscope.results.intact.configured_runs import configured_runs
from batchscope.studies.grid import expand_studies


def write_report(job: ReportJob) -> str:
    """Write three files for each run of the study, and say what was written.

    Raises:
        UserError: there is no such study, or a file is missing or damaged.
    """
    study_named(job.config.active_studies, job.study)
    runs = [run for run in expand_studies(job.config) if run.study == job.study]
    out = job.timelines(job.study)
    records = configured_runs(job.results / "runs", runs, job.config)
    write_timelines([timeline_of(record) for record in records], out)
    return f"{len(runs)} timelines in {out}"


def write_timelines(timelines: Sequence[Timeline], out: Path) -> None:
    """Write ``{run}.svg``, ``.png`` and ``.txt`` for each run of one study; what ``out`` held is removed."""
    runs = runs_frame([timeline.record for timeline in timelines], published=[])
    settings = varying(runs)
    try:
        # A run that has another name now must not leave its files behind.
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        for timeline, until, (_, run) in zip(timelines, ends_of(timelines), runs.iterrows(), strict=True):
            png, svg, txt = (out / f"{run['run']}.{kind}" for kind in ("png", "svg", "txt"))
            save(timeline_figure(timeline, run, settings, until), png, svg)
            txt.write_text(timeline_text(timeline, run_title(run, settings)), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror}; check the folder and its space") from None


def ends_of(timelines: Sequence[Timeline]) -> list[float]:
    """How long each run's axis of time is: runs that label as many texts have one clock."""
    texts = [timeline.record.measurement.texts for timeline in timelines]
    found = dict.fromkeys(range(len(timelines)), 0.0)
    for count in set(texts):
        places = [place for place, each in enumerate(texts) if each == count]
        found |= zip(places, clocks([timelines[place].seconds for place in places]), strict=True)
    return list(found.values())
