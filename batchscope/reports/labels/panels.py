"""The lower row of the figure on labels: what is taken for what, and how well confidence holds.

Each panel is about one run, or about a few. To add one, write a function that draws into an axes, and choose
its runs in `panels_below`.
"""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from batchscope.reporting.style import BLUE, GREY, INK, INTERVAL, LEFT, MARKERS, MEDIAN, PALETTE
from batchscope.reports.labels.findings import named
from batchscope.reports.labels.frame import Judged
from batchscope.reports.labels.sections import (
    FEW_LABELS,
    HEAT_MAP_LABELS,
    confused_pairs,
    rows_of,
    runs_to_show,
)
from batchscope.statistics.confusion import NONE

MOST_LINES = 3
"""Runs in the reliability diagram."""

FEWEST_ANSWERS = 10
"""Answers of a bin that is drawn in it; those of fewer stand in the page's table."""

PAIRS = 10
"""Pairs of labels in the panel of what is confused most."""

LONGEST = 18
"""Characters of a label."""


@dataclass(frozen=True)
class Chosen:
    """A panel, with the runs that it is about."""

    draw: Callable[[Axes, "Sequence[pd.Series[Any]]", pd.DataFrame, Judged], None]
    shown: "Sequence[pd.Series[Any]]"
    runs: pd.DataFrame
    judged: Judged


def panels_below(shown: pd.DataFrame, runs: pd.DataFrame, judged: Judged) -> list[Chosen]:
    """The panels that there is something to show in: of two labels, the table has the confusion already."""
    chosen = runs_to_show(shown)
    panels = []
    if len(judged.names) > FEW_LABELS:
        draw = draw_confusion if len(judged.names) <= HEAT_MAP_LABELS else draw_pairs
        panels = [Chosen(draw, [run], runs, judged) for run in _two_unlike(chosen)]
    sure = [run for run in chosen if pd.notna(run["expected_calibration_error"])][:MOST_LINES]
    if sure:
        panels.append(Chosen(draw_reliability, sure, runs, judged))
    return panels


def _two_unlike(chosen: "Sequence[pd.Series[Any]]") -> "list[pd.Series[Any]]":
    """The first run, and the first of another layout."""
    others = [run for run in chosen[1:] if run["layout"] != chosen[0]["layout"]]
    return [*chosen[:1], *others[:1]]


def draw_panels_below(figure: Figure, panels: Sequence[Chosen], bottom: float, top: float) -> None:
    """Draw the panels side by side, between two heights of the figure (shares of it)."""
    left = LEFT + 0.05
    grid = {"left": left, "right": 0.985, "bottom": bottom, "top": top, "wspace": 0.5}
    for ax, panel in zip(figure.subplots(1, 3, gridspec_kw=grid), [*panels, None, None], strict=False):
        if panel is None:
            ax.set_axis_off()
            continue
        panel.draw(ax, panel.shown, panel.runs, panel.judged)
        ax.tick_params(length=0, pad=5)


def draw_confusion(ax: Axes, shown: "Sequence[pd.Series[Any]]", runs: pd.DataFrame, judged: Judged) -> None:
    """A cell for each gold label and answer: the percentage of the gold label's texts."""
    answers = (*judged.names, NONE)
    cells = rows_of(judged.confusion, shown[0]).pivot_table(index="gold", columns="label", values="texts")
    table = cells.reindex(index=list(judged.names), columns=list(answers)).fillna(0).to_numpy()
    by_label = table.sum(axis=1, keepdims=True)
    share = 100 * np.divide(table, by_label, out=np.zeros_like(table), where=by_label > 0)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    small: dict[str, Any] = {"fontsize": 9 if len(answers) < 8 else 7.5, "ha": "center", "va": "center"}
    for (row, column), value in np.ndenumerate(share):
        if value >= 0.5:
            ax.text(column, row, f"{value:.0f}", color="white" if value > 60 else INK, **small)
    ax.set_xticks(
        range(len(answers)), [_short(name) for name in answers], rotation=40, ha="right", fontsize=9
    )
    ax.set_yticks(range(len(judged.names)), [_short(name) for name in judged.names], fontsize=9)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("labelled")
    _title(ax, "Gold labels (rows, %)", shown[0], runs)


def draw_pairs(ax: Axes, shown: "Sequence[pd.Series[Any]]", runs: pd.DataFrame, judged: Judged) -> None:
    """A bar for each of the commonest mistakes: texts of a gold label that got another."""
    pairs = confused_pairs(shown[0], judged, PAIRS)
    places = range(len(pairs))
    ax.barh(places, pairs["texts"], color=BLUE, height=0.65)
    names = zip(pairs["gold"], pairs["label"], strict=True)
    ax.set_yticks(places, [f"{_short(gold)}\nas {_short(label)}" for gold, label in names], fontsize=8)
    ax.invert_yaxis()
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("texts")
    ax.grid(axis="x")
    if pairs.empty:
        ax.text(0.5, 0.5, "No label was taken for another.", ha="center", color=GREY, transform=ax.transAxes)
    _title(ax, "Confused most", shown[0], runs)


def draw_reliability(ax: Axes, shown: "Sequence[pd.Series[Any]]", runs: pd.DataFrame, judged: Judged) -> None:
    """Accuracy over confidence, a line a run; on the diagonal an answer is as often right as it is sure."""
    ax.plot([0, 100], [0, 100], ls="--", lw=1.0, color=GREY)
    for run, color, marker in zip(shown, PALETTE[2:], MARKERS[2:], strict=False):
        bins = rows_of(judged.reliability, run)
        bins = bins[bins["answers"] >= FEWEST_ANSWERS]
        at = 100 * bins["confidence"]
        ax.vlines(at, 100 * bins["accuracy_low"], 100 * bins["accuracy_high"], color=color, **INTERVAL)
        error = f"{100 * run['expected_calibration_error']:.1f} points"
        label = f"{run['layout']}, n={run['n']:,}: error {error}"
        ax.plot(at, 100 * bins["accuracy"], marker=marker, color=color, label=label, **{**MEDIAN, "ms": 7})
    ax.set_xlim(0, 101)
    ax.set_ylim(0, 102)
    ax.grid(axis="y")
    ax.set_xlabel("confidence (%)")
    ax.set_title("Right (%), by confidence", loc="left", pad=12)
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.19), fontsize=9.5, frameon=False, borderaxespad=0)


def _title(ax: Axes, what: str, run: "pd.Series[Any]", runs: pd.DataFrame) -> None:
    """A panel's title, and below it the run that it is about."""
    ax.set_title(f"{what}\n", loc="left", pad=8)
    text = textwrap.shorten(named(run, runs), 52, placeholder=" ...")
    ax.text(0, 1.02, text, transform=ax.transAxes, fontsize=9, color=GREY, va="bottom")


def _short(name: str) -> str:
    """A label's name, cut in the middle: long ones often begin alike."""
    kept = (LONGEST - 1) // 2
    return name if len(name) <= LONGEST else f"{name[:kept]}\N{HORIZONTAL ELLIPSIS}{name[-kept:]}"
