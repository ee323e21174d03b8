"""Writes the report on profiles: where the time inside the captured steps went."""

from dataclasses import replace

from batchscope.common.errors import UserError
from batchscope.profiling.kernel_classes import load_rules
from batchscope.reporting.write_files import write_csv, write_figure, write_page
from batchscope.reports.profiles.figure import profiles_figure
from batchscope.reports.profiles.frame import load_profiles, steps_frame, summary_frame
from batchscope.reports.profiles.page import TITLE, profiles_page
from batchscope.reports.report_job import ReportJob
from batchscope.results.intact.captures import load_sound


def write_report(job: ReportJob) -> str:
    """Write page, figure, ``profiles.csv`` and ``profiles_steps.csv``, and say what was written.

    Raises:
        UserError: no capture is named, or none is whole.
    """
    if not job.captures:
        raise UserError(
            "profile.runs: this configuration has none of the runs that are profiled by default; name some"
        )
    (profiles, damaged), rules = load_sound(job.captures, load_profiles), load_rules()
    page = profiles_page(profiles, rules, job.table(TITLE).parent)
    page = replace(page, notes=[*damaged, *page.notes])
    write_page(page, job.table(TITLE))
    write_csv(summary_frame(profiles, rules), job.table(TITLE))
    write_csv(steps_frame(profiles, rules), job.table(f"{TITLE}_steps"))
    write_figure(profiles_figure(profiles, rules, page.context), job.plot(TITLE))
    return f"{len(profiles)} profiles in {job.table(TITLE)}.md and {job.plot(TITLE)}.png"
