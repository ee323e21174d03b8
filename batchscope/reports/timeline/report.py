"""Writes the timelines of one study: what happened inside each run, drawn and as lines of text.

Beside each run that counts stands the one that its study holds it against.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from batchscope.common.errors import UserError
from batchscope.config.studies import Plot, study_named
from batchscope.reporting.figure import clocks
from batchscope.reporting.style import save
from batchscope.reporting.wording import varying
from batchscope.reports.report_job import ReportJob
from batchscope.reports.study.pairs import pairs
from batchscope.reports.timeline.figure import run_title, timeline_figure
from batchscope.reports.timeline.frame import Timeline, timeline_of, timeline_text
from batchscope.results.configured_runs import configured_runs
from batchscope.results.frames import runs_frame
from batchscope.studies.grid import expand_studies


def write_report(job: ReportJob) -> str:
    """Write three files for each run of the study, and say what was written.

    Raises:
        UserError: there is no such study, or a file is missing or damaged.
    """
    study = study_named(job.config.active_studies, job.study)
    runs = [run for run in expand_studies(job.config) if run.study == job.study]
    out = job.timelines(job.study)
    records = configured_runs(job.results / "runs", runs, job.config)
    write_timelines([timeline_of(record) for record in records], out, study.plot)
    return f"{len(runs)} timelines in {out}"


def write_timelines(timelines: Sequence[Timeline], out: Path, plot: Plot | None = None) -> None:
    """Write ``{run}.svg``, ``.png`` and ``.txt`` for each run of one study; what ``out`` held is removed.

    Args:
        timelines: of the study's runs.
        out: the study's folder of timelines.
        plot: the study's axes and its baseline; None: those of a study that names none.
    """
    runs = runs_frame([timeline.record for timeline in timelines], published=[])
    settings = varying(runs)
    told = list(zip(timelines, (run for _, run in runs.iterrows()), strict=True))
    against = dict(partners(runs, plot or Plot(), settings))
    ends = ends_of(timelines)
    try:
        # A run that has another name now must not leave its files behind.
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        for place, (timeline, run) in enumerate(told):
            png, svg, txt = (out / f"{run['run']}.{kind}" for kind in ("png", "svg", "txt"))
            base = against.get(place)
            until = max(ends[place], 0.0 if base is None else ends[base])
            beside = None if base is None else told[base]
            save(timeline_figure((timeline, run), settings, until, beside), png, svg)
            txt.write_text(timeline_text(timeline, run_title(run, settings)), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror}; check the folder and its space") from None


def partners(runs: pd.DataFrame, plot: Plot, settings: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Places of the runs that count, each with that of the run that its study holds it against."""
    places = {run: place for place, run in enumerate(runs["run"])}
    for run, base in pairs(runs[runs["valid"]], plot, settings):
        yield places[run["run"]], places[base["run"]]


def ends_of(timelines: Sequence[Timeline]) -> list[float]:
    """How long each run's axis of time is: runs that label as many texts have one clock."""
    texts = [timeline.record.measurement.texts for timeline in timelines]
    found = dict.fromkeys(range(len(timelines)), 0.0)
    for count in set(texts):
        places = [place for place, each in enumerate(texts) if each == count]
        found |= zip(places, clocks([timelines[place].seconds for place in places]), strict=True)
    return list(found.values())
