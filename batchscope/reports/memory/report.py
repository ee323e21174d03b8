"""Writes the report on memory: what takes it in all profiled runs."""

from dataclasses import replace

from batchscope.common.errors import UserError
from batchscope.reporting.write_files import write_csv, write_figure, write_page
from batchscope.reports.memory.figure import memory_figure
from batchscope.reports.memory.page import TITLE, load_memory, memory_csv, memory_page
from batchscope.reports.report_job import ReportJob
from batchscope.results.intact.captures import load_sound


def write_report(job: ReportJob) -> str:
    """Write ``memory.md``, ``.html``, ``.csv``, ``.png`` and ``.svg``, and say what was written.

    Raises:
        UserError: no capture is named, or none is whole.
    """
    if not job.captures:
        raise UserError(
            "no memory profile is asked for; name runs in profile.runs, and memory in profile.profilers"
        )
    profiles, damaged = load_sound(job.captures, load_memory)
    page = memory_page(profiles, job.table(TITLE).parent)
    page = replace(page, notes=[*damaged, *page.notes])
    write_page(page, job.table(TITLE))
    write_csv(memory_csv(profiles), job.table(TITLE))
    write_figure(memory_figure(profiles, page.context), job.plot(TITLE))
    return f"{len(profiles)} runs in {job.table(TITLE)}.md and {job.plot(TITLE)}.png"
