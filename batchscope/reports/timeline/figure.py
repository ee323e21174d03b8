"""One figure a run: requests, KV cache, tokens per second and hardware over the time of one repeat.

Beside it stands the run that it is held against, on the same clock and the same scales.
"""

import textwrap
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from batchscope.reporting.figure import nothing_to_show
from batchscope.reporting.numbers import counted
from batchscope.reporting.provenance import environments, models
from batchscope.reporting.style import RC
from batchscope.reporting.wording import fault, run_in_words
from batchscope.reports.timeline.frame import Timeline, describe_repeat
from batchscope.reports.timeline.sides import Side, colors_of, side_by_side
from batchscope.results.frames import cell_value

Told = tuple[Timeline, "pd.Series[Any]"]
"""A run's timeline, and its row of the runs frame."""


def timeline_figure(
    told: Told, settings: list[str], until: float | None = None, against: Told | None = None
) -> Figure:
    """The figure of one run.

    Args:
        told: the run.
        settings: what tells the runs of its study apart (`batchscope.reporting.wording.varying`).
        until: how long the axis of time is; None: as long as the longest window.
        against: the run that it is held against; None: none.
    """
    timeline, run = told
    with mpl.rc_context(RC):
        title = run_title(run, settings)
        if timeline.missing:
            reason = textwrap.wrap(str(cell_value(run["reason"]) or ""), 110)[:6]
            return nothing_to_show(title, [timeline.missing, *reason], _footnote(run))
        both = [told] if against is None or against[0].missing else [told, against]
        colors = colors_of([str(row["layout"]) for _, row in both])
        words = _words(both, settings)
        sides = [Side(each, said, color) for (each, _), said, color in zip(both, words, colors, strict=True)]
        return side_by_side(title, sides, [*_subtitle(both), *_footnote(*(row for _, row in both))], until)


def run_title(run: "pd.Series[Any]", settings: list[str]) -> str:
    """Study and run in words, and why the run does not count if so."""
    marked = f", does not count ({fault(run)})" if fault(run) else ""
    return f"{run['study']}: {run_in_words(run, settings)}{marked}"


def _words(both: list[Told], settings: list[str]) -> list[str]:
    """What stands above each column; above a single one nothing, for the title says it."""
    bases = [run for _, run in both[1:]]
    return ["This run", f"Held against {run_in_words(bases[0], settings)}"] if bases else [""]


def _subtitle(both: list[Told]) -> list[str]:
    """Which repeat of each run is shown; of the run itself, why it does not count."""
    shown = f"Shown: {'; beside it '.join(_shown(timeline) for timeline, _ in both)}."
    reason = cell_value(both[0][1]["reason"])
    return [f"{shown} {textwrap.shorten(reason, 110)}" if reason else shown]


def _shown(timeline: Timeline) -> str:
    """The repeat, and what preemptions cost it."""
    steps = timeline.steps
    if not (count := int(steps["preempted"].sum())):
        return describe_repeat(timeline)
    lost = f"{int(steps['discarded_tokens'].sum()):,} tokens computed again"
    return f"{describe_repeat(timeline)}, {counted(count, 'preemption')} ({lost})"


def _footnote(*runs: "pd.Series[Any]") -> list[str]:
    rows = pd.DataFrame(list(runs))
    return [*environments(rows), *models(rows)]
