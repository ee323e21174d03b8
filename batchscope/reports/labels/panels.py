"""The lower row of the figure on labels: what is taken for what, and how well confidence holds.

Each panel is about one run, or about a few. To add one, write a function that draws into an axes, and choose
its runs in `panels_below`.
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from batchscope.reporting.figure import Row, head, per_prompt
from batchscope.reporting.style import (
    BLUE,
    GREY,
    INK,
    INTERVAL,
    LEGEND_BELOW,
    MEDIAN,
    SMALL,
    SeriesStyle,
)
from batchscope.reports.labels.findings import named
from batchscope.reports.labels.frame import Judged
from batchscope.reports.labels.sections import (
    FEW_LABELS,
    HEAT_MAP_LABELS,
    confused_pairs,
    rows_of,
    runs_to_show,
    sure_runs,
)
from batchscope.statistics.confusion import NONE

MOST_LINES = 3
"""Runs in the reliability diagram, one of each series: those of one look alike."""

FEWEST_ANSWERS = 10
"""Answers of a bin that is drawn in it; those of fewer stand in the page's table."""

PAIRS = 10
"""Pairs of labels in the panel of what is confused most."""

LONGEST = 18
"""Characters of a label."""


HEAT_MAP = Row(height=3.6, above=0.6, below=1.4, left=0.25)
BARS = Row(height=2.6, above=0.6, left=0.42)


@dataclass(frozen=True)
class Chosen:
    """A panel, with the runs that it is about."""

    draw: Callable[[Axes, "Chosen"], None]
    shown: "Sequence[pd.Series[Any]]"
    runs: pd.DataFrame
    judged: Judged
    styles: Mapping[str, SeriesStyle]
    """of each series, as in the figure's other panels"""
    row: Row | None = None
    """of its own, for long names"""


def panels_below(
    shown: pd.DataFrame, runs: pd.DataFrame, judged: Judged, styles: Mapping[str, SeriesStyle]
) -> list[Chosen]:
    """The panels that there is something to show in: of two labels, the table has the confusion already."""
    chosen = runs_to_show(shown)
    panels = []
    if len(judged.names) > FEW_LABELS:
        few = len(judged.names) <= HEAT_MAP_LABELS
        draw, row = (draw_confusion, HEAT_MAP) if few else (draw_pairs, BARS)
        panels = [Chosen(draw, [run], runs, judged, styles, row) for run in _two_unlike(chosen)]
    if sure := _one_a_series(sure_runs(shown))[:MOST_LINES]:
        panels.append(Chosen(draw_reliability, sure, runs, judged, styles))
    return panels


def _two_unlike(chosen: "Sequence[pd.Series[Any]]") -> "list[pd.Series[Any]]":
    """The first run, and the first of another layout."""
    others = [run for run in chosen[1:] if run["layout"] != chosen[0]["layout"]]
    return [*chosen[:1], *others[:1]]


def _one_a_series(runs: "Sequence[pd.Series[Any]]") -> "list[pd.Series[Any]]":
    """The first run of each series."""
    first: dict[str, pd.Series[Any]] = {}
    for run in runs:
        first.setdefault(run["series"], run)
    return list(first.values())


def draw_confusion(ax: Axes, panel: Chosen) -> None:
    """A cell for each gold label and answer: the percentage of the gold label's texts."""
    judged, run = panel.judged, panel.shown[0]
    answers = (*judged.names, NONE)
    cells = rows_of(judged.confusion, run).pivot_table(index="gold", columns="label", values="texts")
    table = cells.reindex(index=list(judged.names), columns=list(answers)).fillna(0).to_numpy()
    by_label = table.sum(axis=1, keepdims=True)
    share = 100 * np.divide(table, by_label, out=np.zeros_like(table), where=by_label > 0)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    small: dict[str, Any] = {"fontsize": SMALL, "ha": "center", "va": "center"}
    for (row, column), value in np.ndenumerate(share):
        if value >= 0.5:
            ax.text(column, row, f"{value:.0f}", color="white" if value > 60 else INK, **small)
    ax.set_xticks(
        range(len(answers)), [_short(name) for name in answers], rotation=40, ha="right", fontsize=SMALL
    )
    ax.set_yticks(range(len(judged.names)), [_short(name) for name in judged.names], fontsize=SMALL)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("labelled")
    _title(ax, "Gold labels (rows, %)", run, panel.runs)


def draw_pairs(ax: Axes, panel: Chosen) -> None:
    """A bar for each of the commonest mistakes: texts of a gold label that got another."""
    pairs = confused_pairs(panel.shown[0], panel.judged, PAIRS)
    places = range(len(pairs))
    ax.barh(places, pairs["texts"], color=BLUE, height=0.65)
    names = zip(pairs["gold"], pairs["label"], strict=True)
    ax.set_yticks(places, [f"{_short(gold)} as {_short(label)}" for gold, label in names], fontsize=SMALL)
    ax.invert_yaxis()
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("texts")
    ax.grid(axis="x")
    if pairs.empty:
        ax.text(0.5, 0.5, "No label was taken for another.", ha="center", color=GREY, transform=ax.transAxes)
    _title(ax, "Confused most", panel.shown[0], panel.runs)


def draw_reliability(ax: Axes, panel: Chosen) -> None:
    """Accuracy over confidence, a line a run; on the diagonal an answer is as often right as it is sure."""
    ax.plot([0, 100], [0, 100], ls="--", lw=1.0, color=GREY)
    for run in panel.shown:
        style = panel.styles[run["series"]]
        bins = rows_of(panel.judged.reliability, run)
        bins = bins[bins["answers"] >= FEWEST_ANSWERS]
        at = 100 * bins["confidence"]
        ax.vlines(at, 100 * bins["accuracy_low"], 100 * bins["accuracy_high"], color=style.color, **INTERVAL)
        error = f"error {100 * run['expected_calibration_error']:.1f} points"
        layout, comma, more = run["series"].partition(",")
        label = f"{per_prompt(layout, run['n'])}{comma}{more}: {error}"
        drawn = {**MEDIAN, "ms": 7}
        ax.plot(at, 100 * bins["accuracy"], marker=style.marker, color=style.color, label=label, **drawn)
    ax.set_xlim(0, 101)
    ax.set_ylim(0, 102)
    ax.grid(axis="y")
    ax.set_xlabel("confidence (%)")
    head(ax, "Right (%), by confidence")
    ax.legend(bbox_to_anchor=(-0.1, -0.21), **LEGEND_BELOW)


def _title(ax: Axes, what: str, run: "pd.Series[Any]", runs: pd.DataFrame) -> None:
    """A panel's title, and below it the run that it is about."""
    ax.set_title(what, loc="left", pad=26)
    text = textwrap.shorten(named(run, runs), 50, placeholder=" ...")
    ax.text(0, 1.02, text, transform=ax.transAxes, fontsize=SMALL, color=GREY, va="bottom")


def _short(name: str) -> str:
    """A label's name, cut in the middle: long ones often begin alike."""
    kept = (LONGEST - 1) // 2
    return name if len(name) <= LONGEST else f"{name[:kept]}\N{HORIZONTAL ELLIPSIS}{name[-kept:]}"
