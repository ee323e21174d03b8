"""The figure on labels: accuracy over the reviews in one prompt, along the prompt, and label coverage.

To add a panel, write a function that draws into an axes and put it into `PANELS`.
"""

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, StrMethodFormatter

from batchscope.reporting.provenance import environments, models
from batchscope.reporting.style import (
    FIXED,
    FOOTNOTE,
    GREY,
    HOLLOW,
    INTERVAL,
    LEFT,
    LEGEND,
    MARKERS,
    MEDIAN,
    PAD,
    PALETTE,
    RC,
    TITLE,
)
from batchscope.reporting.wording import show
from batchscope.reports.labels.page import QUESTION, joined, nothing_judged
from batchscope.reports.study.figure import Style
from batchscope.statistics.accuracy import ENOUGH_REVIEWS

PLAIN: dict[str, str | None] = {
    "decoding": "free",
    "instruction": "last",
    "model": None,
    "engine.quantization": None,
    "engine.kv_cache_dtype": None,
    "engine.dtype": None,
}
"""Settings beside the layout that may change labels, and the value that goes without saying."""

MOST_LINES = 4
"""Runs in the panel of positions, those of the largest n; they look like no layout does."""

LEFT_OUT = f"One run stands for all alike; runs of fewer than {ENOUGH_REVIEWS} reviews are left out."

ASIDE = 1.06
"""Series that share an x stand apart by this factor."""


@dataclass(frozen=True)
class Picture:
    """What every panel draws from."""

    runs: pd.DataFrame
    """one run for each ``series`` and ``x`` (reviews in one prompt), with ``at`` (moved aside)"""
    positions: pd.DataFrame
    styles: dict[str, Style]

    def each_series(self) -> Iterator[tuple[str, Style, pd.DataFrame]]:
        """Name, style and runs of each series, along x."""
        for name, style in self.styles.items():
            yield name, style, self.runs[self.runs["series"] == name].sort_values("at", kind="stable")


def labels_figure(
    runs: pd.DataFrame, found: pd.DataFrame, positions: pd.DataFrame, *, across: bool = False
) -> Figure:
    """The figure.

    Args:
        runs: the runs frame.
        found: its `accuracy_frames.quality_frame`.
        positions: its `accuracy_frames.positions_frame`.
        across: whether runs from different environments are compared.
    """
    with mpl.rc_context(RC):
        shown = joined(runs, found)
        if shown.empty:
            return _nothing_to_show(runs)
        if (enough := shown["labels"] >= ENOUGH_REVIEWS).any():
            shown = shown[enough]
        picture = arrange(shown, positions)
        left_out = [LEFT_OUT] * (len(picture.runs) < len(found))
        figure = Figure(figsize=(14, 6.4))
        figure.text(LEFT, 0.965, QUESTION, va="top", **TITLE)
        figure.text(LEFT, 0.03, "\n".join([*_footnote(shown, across), *left_out]), va="bottom", **FOOTNOTE)
        grid = {"left": LEFT, "right": 0.985, "bottom": 0.245, "top": 0.77, "wspace": 0.22}
        for panel, ax in zip(PANELS, figure.subplots(1, len(PANELS), gridspec_kw=grid), strict=True):
            panel(ax, picture)
        figure.legend(handles=_legend(picture), bbox_to_anchor=(LEFT, 0.905), ncols=4, **LEGEND)
        return figure


def arrange(shown: pd.DataFrame, positions: pd.DataFrame) -> Picture:
    """Give each run its series and its place: the reviews that share its prompts, 1 if separate.

    Of runs that are alike in both, from several studies or with engines that differ in speed alone, the one
    with most reviews stands for all.
    """
    runs = shown.copy()
    differ = [name for name in PLAIN if name in runs and runs[name].nunique(dropna=False) > 1]
    runs["series"] = [_series(run, differ) for _, run in runs.iterrows()]
    runs["x"] = [1 if run["layout"] == "separate" else int(run["n"]) for _, run in runs.iterrows()]
    runs = runs.sort_values(["valid", "labels"], ascending=False, kind="stable")
    runs = runs.drop_duplicates(["series", "x"]).sort_index()
    place = runs.groupby("x").cumcount()
    middle = (runs.groupby("x")["x"].transform("size") - 1) / 2
    runs["at"] = runs["x"] * ASIDE ** (place - middle)
    return Picture(runs, positions, _styles(list(dict.fromkeys(runs["series"]))))


def _series(run: "pd.Series[Any]", differ: Sequence[str]) -> str:
    """``packed``, or ``packed, decoding=labels``: the layout, and what does not go without saying."""
    told = [name for name in differ if show(run[name]) != PLAIN[name]]
    return ", ".join([run["layout"], *(f"{name.rpartition('.')[2]}={show(run[name])}" for name in told)])


def _styles(series: list[str]) -> dict[str, Style]:
    pairs = cycle(zip(PALETTE, MARKERS, strict=True))
    free = (Style(*pair) for pair in pairs if not set(series) & set(FIXED) or pair not in FIXED.values())
    return {name: Style(*FIXED[name]) if name in FIXED else next(free) for name in series}


def draw_accuracy(ax: Axes, picture: Picture) -> None:
    """Accuracy over the reviews in one prompt, with Wilson's intervals."""
    for _, style, runs in picture.each_series():
        counted = runs[runs["valid"]]
        low, high = 100 * counted["accuracy_low"], 100 * counted["accuracy_high"]
        ax.vlines(counted["at"], low, high, color=style.color, **INTERVAL)
    _draw_share(ax, picture, "accuracy")
    _finish(ax, picture.runs["accuracy_low"].min())
    ax.set_title("Accuracy (% of reviews)", loc="left", pad=12)


def draw_coverage(ax: Axes, picture: Picture) -> None:
    """Reviews that were labelled at all, over the reviews in one prompt."""
    _draw_share(ax, picture, "label_coverage")
    _finish(ax, picture.runs["label_coverage"].min())
    ax.set_title("Label coverage (% of reviews)", loc="left", pad=12)


def _draw_share(ax: Axes, picture: Picture, name: str) -> None:
    for _, style, runs in picture.each_series():
        counted, others = runs[runs["valid"]], runs[~runs["valid"]]
        ax.plot(
            counted["at"],
            100 * counted[name],
            marker=style.marker,
            color=style.color,
            clip_on=False,
            **MEDIAN,
        )
        for _, run in others.iterrows():
            ax.plot(run["at"], 100 * run[name], marker=style.marker, mec=style.color, **HOLLOW)
    places = sorted(set(picture.runs["x"]))
    ax.set_xscale("log")
    ax.set_xlim(min(places) / PAD, max(places) * PAD)
    ax.xaxis.set_major_locator(FixedLocator(places))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.set_xlabel("reviews in one prompt (1: separate)")


def draw_positions(ax: Axes, picture: Picture) -> None:
    """Accuracy along packed prompts: a line a run, from the first review to the last."""
    lines = _lines(picture)
    for (name, bins, n), color, marker in zip(lines, PALETTE[2:], MARKERS[2:], strict=False):
        at = 100 * (bins["first"] + bins["last"] + 1) / 2 / n
        ax.vlines(at, 100 * bins["accuracy_low"], 100 * bins["accuracy_high"], color=color, **INTERVAL)
        small = {**MEDIAN, "ms": 7, "mew": 0.6}
        ax.plot(at, 100 * bins["accuracy"], marker=marker, color=color, label=name, **small)
    ax.set_title("Accuracy along the prompt (%)", loc="left", pad=12)
    ax.set_xlim(0, 100)
    ax.set_xlabel("place in the prompt (% of its reviews)")
    _finish(ax, min((bins["accuracy_low"].min() for _, bins, _ in lines), default=0.0))
    if lines:
        ax.legend(loc="best", fontsize=9.5, framealpha=0.85, edgecolor="none")
    else:
        text = "No packed run has reviews\nenough for two bins."
        ax.text(0.5, 0.5, text, ha="center", va="center", color=GREY, transform=ax.transAxes)


def _lines(picture: Picture) -> list[tuple[str, pd.DataFrame, int]]:
    """Name, bins and n of the packed runs to draw, the largest n first."""
    packed = picture.runs[(picture.runs["layout"] == "packed") & picture.runs["valid"]]
    packed = packed.sort_values("x", ascending=False, kind="stable")
    several = packed["series"].nunique() > 1
    found = []
    for _, run in packed.iterrows():
        mine = (picture.positions["study"] == run["study"]) & (picture.positions["run"] == run["run"])
        bins = picture.positions[mine]
        if len(bins) > 1:
            name = f"n={run['x']:,}" + (run["series"].removeprefix("packed") if several else "")
            found.append((name, bins, int(run["x"])))
    return list(islice(found, MOST_LINES))


def _finish(ax: Axes, lowest: float) -> None:
    """Percent, from the ten below the lowest share on."""
    bottom = min(10 * math.floor(10 * lowest), 90)
    ax.set_ylim(bottom, 100 + 0.02 * (100 - bottom))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.grid(axis="y")
    ax.tick_params(length=0, pad=7)


PANELS: tuple[Callable[[Axes, Picture], None], ...] = (draw_accuracy, draw_positions, draw_coverage)


def _legend(picture: Picture) -> list[Line2D]:
    handles = [
        Line2D([], [], color=style.color, marker=style.marker, label=name, **MEDIAN)
        for name, style in picture.styles.items()
    ]
    bar: dict[str, Any] = {"ls": "", "marker": "|", "ms": 12, "mew": 1.4, "color": GREY}
    handles.append(Line2D([], [], label="95 % interval (Wilson)", **bar))
    if not picture.runs["valid"].all():
        handles.append(Line2D([], [], label="not counted", marker="o", mec=GREY, **HOLLOW))
    return handles


def _footnote(runs: pd.DataFrame, across: bool = False) -> list[str]:
    lines = [*environments(runs, across=across), *models(runs)] if len(runs) else []
    return [part for line in lines[:5] for part in textwrap.wrap(line, 175)]


def _nothing_to_show(runs: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(14, 4))
    figure.text(LEFT, 0.94, QUESTION, va="top", **TITLE)
    figure.text(LEFT, 0.72, nothing_judged(runs), va="top", fontsize=12)
    figure.text(LEFT, 0.05, "\n".join(_footnote(runs)), va="bottom", **FOOTNOTE)
    return figure
