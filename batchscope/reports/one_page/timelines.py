"""The timelines that a reader compares: the best run beside its study's baseline, on one clock."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from markupsafe import Markup

from batchscope.config.studies import Study
from batchscope.reporting.numbers import counted
from batchscope.reporting.page import Log
from batchscope.reporting.style import BLUE, GREY, INK, ORANGE, RC
from batchscope.reporting.wording import varying
from batchscope.reports.one_page.inline_svg import inline_svg
from batchscope.reports.one_page.words import Values
from batchscope.reports.study.pairs import pairs
from batchscope.reports.timeline.frame import Timeline, describe_repeat, load_timeline, timeline_text
from batchscope.reports.timeline.sides import Side, colors_of, side_by_side, stacked
from batchscope.results.intact.measurement_folder import DamagedError

NAMES = {BLUE: "packed", ORANGE: "separate"}
"""What the dot of a colour is called in the style sheet."""

INSIDE = {**RC, "text.color": INK, "axes.labelcolor": GREY, "xtick.color": GREY, "ytick.color": GREY}
"""Nothing of a figure inside the page is plain black, which a dark page would not show."""


@dataclass(frozen=True)
class Key:
    """What a colour stands for."""

    dot: str
    words: str


@dataclass(frozen=True)
class Pair:
    """One or two runs, as a figure for a wide screen and for a phone, and as lines of text."""

    about: str
    """which runs they are"""
    wide: Markup
    narrow: Markup
    keys: list[Key]
    note: str
    logs: list[Log]


def pair(results: Path, verdict: Values, against: Mapping[str, str]) -> Pair | None:
    """The timelines of the runs that `compared` names; None where none of them has steps.

    Args:
        results: the folder of results, with ``runs/``.
        verdict: verdict.json.
        against: `baselines`.
    """
    words = {setting["id"]: setting["words"] for setting in verdict["settings"]}
    wanted = compared(verdict, against)
    found = [(run, timeline) for run in wanted for timeline in _timelines(results / "runs" / run)]
    if not found:
        return None
    layouts = [timeline.record.measurement.spec.workload.layout for _, timeline in found]
    colors = colors_of(layouts)
    keys = [f"{words.get(run, run)} ({run}): {_told(timeline)}" for run, timeline in found]
    label = f"What happened inside {' and '.join(run for run, _ in found)}; the same as lines of text below"
    sides = [
        Side(timeline, str(words.get(run, run)), color)
        for (run, timeline), color in zip(found, colors, strict=True)
    ]
    with mpl.rc_context(INSIDE):
        wide, narrow = side_by_side("", sides, []), stacked(sides)
    return Pair(
        about=", beside ".join(side.words for side in sides),
        wide=inline_svg(wide, "timelines-wide", label, {}),
        narrow=inline_svg(narrow, "timelines-narrow", label, {}),
        keys=[Key(NAMES.get(color, "other"), text) for color, text in zip(colors, keys, strict=True)],
        note=_note([timeline for _, timeline in found]),
        logs=[Log(run, timeline_text(timeline, run).splitlines()) for run, timeline in found],
    )


def baselines(runs: pd.DataFrame, studies: Mapping[str, Study]) -> dict[str, str]:
    """The run that each run's study holds it against, both as ``study/run``; of runs that count.

    Args:
        runs: the runs frame.
        studies: by name, with their axes.
    """
    found = {}
    for name, study in studies.items():
        own = runs[runs["study"] == name]
        settings = varying(own) if len(own) else []
        for run, base in pairs(own[own["valid"]], study.plot, settings):
            found[f"{name}/{run['run']}"] = f"{name}/{base['run']}"
    return found


def compared(verdict: Values, against: Mapping[str, str]) -> list[str]:
    """The recommended run, or else the fastest, and the one beside it.

    That is its study's baseline, which mostly does the same work; of the baseline itself a run that it gains
    over, one of the other layout before others.
    """
    answer = verdict["offline"]
    fastest = answer.get("fastest")
    best = answer["recommended"] or (fastest["run"] if fastest else None)
    if not best:
        return []
    layouts = {setting["id"]: setting["layout"] for setting in verdict["settings"]}
    others = [gain["run"] for gain in answer["gains"] if gain["run"] not in (None, best)]
    others.sort(key=lambda run: layouts.get(run) == layouts.get(best))  # stable: the defaults come first
    return [best, *([against[best]] if best in against else others[:1])]


def _timelines(folder: Path) -> Iterator[Timeline]:
    """The run's timeline, if its files are there and whole, and have steps."""
    if not (folder / "measurement.json").is_file():
        return
    try:
        timeline = load_timeline(folder)
    except DamagedError:
        return
    if not timeline.missing:
        yield timeline


def _told(timeline: Timeline) -> str:
    texts = timeline.record.measurement.texts
    return f"{counted(texts, 'text')}; {describe_repeat(timeline)}"


def _note(timelines: list[Timeline]) -> str:
    """What is to be known before two clocks are held against each other; of one: nothing."""
    if len(timelines) < 2:
        return ""
    clocks = "Each clock counts from the start of the run's own timed window; each quantity has one scale."
    texts = {timeline.record.measurement.texts for timeline in timelines}
    return clocks if len(texts) == 1 else f"{clocks} The runs label different numbers of texts."
