"""The figure on labels: accuracy over the texts in one prompt, along the prompt, and label coverage.

Without gold labels, agreement with the reference run stands for accuracy. Below are panels of labels and of
confidence (`batchscope.reports.labels.panels`), where there is something to show. To add a panel, write a
function that draws into an axes and put it into `PANELS`.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Literal

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, StrMethodFormatter

from batchscope.reporting.figure import (
    draw_panels,
    each_series,
    footnote_lines,
    not_counted_handle,
    nothing_to_show,
    write_footnote,
    write_title,
)
from batchscope.reporting.provenance import environments, models
from batchscope.reporting.style import (
    FIXED,
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
    SeriesStyle,
)
from batchscope.reporting.wording import show_setting
from batchscope.reports.labels.findings import nothing_judged, one_class_sentences
from batchscope.reports.labels.frame import Judged
from batchscope.reports.labels.page import QUESTION, with_quality
from batchscope.reports.labels.panels import Chosen, draw_panels_below, panels_below
from batchscope.statistics.accuracy import ENOUGH_TEXTS

PLAIN: dict[str, str | None] = {
    "answer": "free",
    "numbered": "False",
    "output_tokens_per_text": None,
    "instruction": "last",
    "model": None,
    "engine.quantization": None,
    "engine.kv_cache_dtype": None,
    "engine.dtype": None,
}
"""Settings beside the layout that may change labels, and the value that goes without saying."""

MOST_LINES = 4
"""Runs in the panel of positions, those of the largest n; they are drawn as no layout is."""

LEFT_OUT = f"One run stands for all alike; runs of fewer than {ENOUGH_TEXTS} texts are left out."

ASIDE = 1.06
"""Series that share an x stand apart by this factor."""


@dataclass(frozen=True)
class Sheet:
    """What every panel draws from."""

    runs: pd.DataFrame
    """one run for each ``series`` and ``x`` (texts in one prompt), with ``at`` (moved aside)"""
    positions: pd.DataFrame
    styles: dict[str, SeriesStyle]
    share: Literal["accuracy", "agreement"] = "accuracy"
    """what of the runs is drawn: without gold labels it is agreement"""

    def each_series(self) -> Iterator[tuple[str, SeriesStyle, pd.DataFrame]]:
        """Name, style and runs of each series, along x."""
        return each_series(self.runs, self.styles, along="at")


def labels_figure(runs: pd.DataFrame, judged: Judged, *, across: bool = False) -> Figure:
    """The figure.

    Args:
        runs: the runs frame.
        judged: what the labels of its runs say.
        across: whether runs from different environments are compared.
    """
    with mpl.rc_context(RC):
        shown = with_quality(runs, judged.runs)
        if shown.empty:
            return nothing_to_show([QUESTION], [nothing_judged(runs)], _footnote(runs), linespacing=None)
        below = panels_below(shown, runs, judged)
        if (enough := shown["labels"] >= ENOUGH_TEXTS).any():
            shown = shown[enough]
        sheet = arrange(shown, judged.positions)
        footnote = [*footnote_lines(one_class_sentences(shown)), *_footnote(shown, across)]
        if len(sheet.runs) < len(judged.runs):
            footnote.append(LEFT_OUT)
        return _drawn(sheet, below, footnote)


def _drawn(sheet: Sheet, below: Sequence[Chosen], footnote: Sequence[str]) -> Figure:
    """The panels in one row, and those below in another; places are inches, so that both stay as they are."""
    upper, lower = 6.4, 5.4 if below else 0.0
    height = upper + lower
    figure = Figure(figsize=(14, height))

    def at(inches: float) -> float:
        """A place in the upper row, as a share of the figure's height."""
        return (inches + lower) / height

    write_title(figure, [QUESTION], at(0.965 * upper))
    write_footnote(figure, footnote, 0.03 * upper / height)
    grid = {
        "left": LEFT,
        "right": 0.985,
        "bottom": at(0.245 * upper),
        "top": at(0.77 * upper),
        "wspace": 0.22,
    }
    draw_panels(PANELS, figure.subplots(1, len(PANELS), gridspec_kw=grid), sheet)
    figure.legend(handles=_legend(sheet), bbox_to_anchor=(LEFT, at(0.905 * upper)), ncols=4, **LEGEND)
    if below:
        draw_panels_below(figure, below, bottom=2.3 / height, top=(lower + 0.25) / height)
    return figure


def arrange(shown: pd.DataFrame, positions: pd.DataFrame) -> Sheet:
    """Give each run its series and its place: the texts that share its prompts, 1 if separate.

    Of runs that are alike in both, from several studies or with engines that differ in speed alone, the one
    with most texts stands for all.
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
    return Sheet(
        runs,
        positions,
        _styles(list(dict.fromkeys(runs["series"]))),
        "accuracy" if runs["with_gold"].any() else "agreement",
    )


def _series(run: "pd.Series[Any]", differ: Sequence[str]) -> str:
    """``packed``, or ``packed, answer=labels``: the layout, and what does not go without saying."""
    told = [name for name in differ if show_setting(run[name]) != PLAIN[name]]
    return ", ".join(
        [run["layout"], *(f"{name.rpartition('.')[2]}={show_setting(run[name])}" for name in told)]
    )


def _styles(series: list[str]) -> dict[str, SeriesStyle]:
    pairs = cycle(zip(PALETTE, MARKERS, strict=True))
    free = (
        SeriesStyle(*pair) for pair in pairs if not set(series) & set(FIXED) or pair not in FIXED.values()
    )
    return {name: SeriesStyle(*FIXED[name]) if name in FIXED else next(free) for name in series}


def draw_share_right(ax: Axes, sheet: Sheet) -> None:
    """Accuracy, or agreement, over the texts in one prompt, with intervals."""
    name = sheet.share
    for _, style, runs in sheet.each_series():
        counted = runs[runs["valid"]]
        low, high = 100 * counted[f"{name}_low"], 100 * counted[f"{name}_high"]
        ax.vlines(counted["at"], low, high, color=style.color, **INTERVAL)
    _draw_share(ax, sheet, name)
    _finish(ax, sheet.runs[f"{name}_low"].min())
    title = {"accuracy": "Accuracy (% of texts)", "agreement": "Agreement with the reference (%)"}[name]
    ax.set_title(title, loc="left", pad=12)


def draw_coverage(ax: Axes, sheet: Sheet) -> None:
    """Texts that were labelled at all, over the texts in one prompt."""
    _draw_share(ax, sheet, "label_coverage")
    _finish(ax, sheet.runs["label_coverage"].min())
    ax.set_title("Label coverage (% of texts)", loc="left", pad=12)


def _draw_share(ax: Axes, sheet: Sheet, name: str) -> None:
    for _, style, runs in sheet.each_series():
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
    places = sorted(set(sheet.runs["x"]))
    ax.set_xscale("log")
    ax.set_xlim(min(places) / PAD, max(places) * PAD)
    ax.xaxis.set_major_locator(FixedLocator(places))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.set_xlabel("texts in one prompt (1: separate)")


def draw_positions(ax: Axes, sheet: Sheet) -> None:
    """Accuracy, or agreement, along packed prompts: a line a run, from the first text to the last."""
    lines = _lines(sheet)
    for (name, bins, n), color, marker in zip(lines, PALETTE[2:], MARKERS[2:], strict=False):
        at = 100 * (bins["first"] + bins["last"] + 1) / 2 / n
        ax.vlines(at, 100 * bins["share_low"], 100 * bins["share_high"], color=color, **INTERVAL)
        small = {**MEDIAN, "ms": 7, "mew": 0.6}
        ax.plot(at, 100 * bins["share"], marker=marker, color=color, label=name, **small)
    ax.set_title(f"{sheet.share.capitalize()} along the prompt (%)", loc="left", pad=12)
    ax.set_xlim(0, 100)
    ax.set_xlabel("place in the prompt (% of its texts)")
    _finish(ax, min((bins["share_low"].min() for _, bins, _ in lines), default=0.0))
    if lines:
        ax.legend(loc="best", fontsize=9.5, framealpha=0.85, edgecolor="none")
    else:
        text = "No packed run has texts\nenough for two bins."
        ax.text(0.5, 0.5, text, ha="center", va="center", color=GREY, transform=ax.transAxes)


def _lines(sheet: Sheet) -> list[tuple[str, pd.DataFrame, int]]:
    """Name, bins and n of the packed runs to draw, the largest n first."""
    packed = sheet.runs[(sheet.runs["layout"] == "packed") & sheet.runs["valid"]]
    packed = packed.sort_values("x", ascending=False, kind="stable")
    several = packed["series"].nunique() > 1
    found = []
    for _, run in packed.iterrows():
        mine = (sheet.positions["study"] == run["study"]) & (sheet.positions["run"] == run["run"])
        bins = sheet.positions[mine]
        if len(bins) > 1:
            name = f"n={run['x']:,}" + (run["series"].removeprefix("packed") if several else "")
            found.append((name, bins, int(run["x"])))
    return list(islice(found, MOST_LINES))


def _finish(ax: Axes, lowest: float) -> None:
    """Percent, from the ten below the lowest share on."""
    bottom = 0 if math.isnan(lowest) else min(10 * math.floor(10 * lowest), 90)
    ax.set_ylim(bottom, 100 + 0.02 * (100 - bottom))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.grid(axis="y")


PANELS: tuple[Callable[[Axes, Sheet], None], ...] = (draw_share_right, draw_positions, draw_coverage)


def _legend(sheet: Sheet) -> list[Line2D]:
    handles = [
        Line2D([], [], color=style.color, marker=style.marker, label=name, **MEDIAN)
        for name, style in sheet.styles.items()
    ]
    bar: dict[str, Any] = {"ls": "", "marker": "|", "ms": 12, "mew": 1.4, "color": GREY}
    handles.append(Line2D([], [], label="95 % interval", **bar))
    if not sheet.runs["valid"].all():
        handles.append(not_counted_handle())
    return handles


def _footnote(runs: pd.DataFrame, across: bool = False) -> list[str]:
    sentences = [*environments(runs, across=across), *models(runs)] if len(runs) else []
    return footnote_lines(sentences[:5])
