"""The cost model's figure: FLOP a text over n, predicted and measured texts/s, and how far they differ.

To add a panel, write a function that draws into an axes and put it into `PANELS`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from batchscope.reporting.figure import (
    draw_panels,
    footnote_lines,
    not_counted_handle,
    plain_numbers,
    write_footnote,
    write_title,
)
from batchscope.reporting.style import (
    BLUE,
    FIXED,
    GREY,
    HOLLOW,
    INK,
    LEFT,
    LEGEND,
    ORANGE,
    PAD,
    PALETTE,
    RC,
)
from batchscope.reports.cost.curves import Curves

GREEN = PALETTE[2]
BAND = 0.15
"""Predictions that are as good as is hoped for: measured seconds within this share."""

NAMED = 4
"""So many runs outside the band are named in the figure; the page has all."""

PREDICTED: dict[str, Any] = {"lw": 1.8}
POINT: dict[str, Any] = {"ls": "", "ms": 9, "mec": "white", "mew": 1.2, "zorder": 5}
NOTE: dict[str, Any] = {"fontsize": 9.5}

TICKS = (1, 4, 20, 40, 100, 400)
RATIOS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1, 1.15, 1.5, 2, 3, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Sheet:
    """What every panel draws from."""

    runs: pd.DataFrame
    """the cost frame"""
    curves: Curves | None


def cost_figure(sheet: Sheet, footnote: Sequence[str]) -> Figure:
    """The figure of a sweep; ``footnote``: what it was measured on, and where the constant came from."""
    with mpl.rc_context(RC):
        figure = Figure(figsize=(14, 7.2))
        title = "What the runs compute, how long that should take, and how long it took"
        write_title(figure, [title], 0.965)
        write_footnote(figure, footnote_lines(footnote, most=5), 0.03)
        grid = {"left": LEFT, "right": 0.985, "bottom": 0.33, "top": 0.775, "wspace": 0.24}
        draw_panels(PANELS, figure.subplots(1, len(PANELS), gridspec_kw=grid), sheet)
        figure.legend(handles=_legend(sheet), bbox_to_anchor=(LEFT, 0.912), ncols=6, **LEGEND)
        return figure


def draw_flops(ax: Axes, sheet: Sheet) -> None:
    """FLOP a text by part: attention grows with n, what the linear layers do hardly changes."""
    if sheet.curves is None:
        _head(ax, "FLOP per text")
        _nothing(ax, "No runs with known shapes that differ\nin texts per prompt.")
        return
    flops = sheet.curves.flops
    unit, scale = ("GFLOP", 1.0) if flops["prefill_linear"].max() >= 1 else ("MFLOP", 1e3)
    _head(ax, f"{unit} per text")
    _over_n(ax, flops["n"].max())
    ax.set_xlabel("n (texts in one prompt; 1: separate prompts)")
    lines = (
        ("linear, prefill", flops["prefill_linear"], BLUE, "-"),
        ("linear, decode", flops["decode_linear"], BLUE, ":"),
        ("attention, prefill", flops["prefill_attention"], ORANGE, "-"),
        ("attention, decode", flops["decode_attention"], ORANGE, ":"),
        ("head", flops["prefill_head"] + flops["decode_head"], GREEN, "-"),
    )
    for name, values, color, style in lines:
        some = values[values > 0] * scale  # separate prompts decode nothing
        label = f"{name}: {_from_to(some)}"
        ax.plot(flops["n"][some.index], some, color=color, ls=style, label=label, **PREDICTED)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(plain_numbers())
    ax.yaxis.set_minor_locator(NullLocator())
    ax.grid(axis="y")
    ax.legend(
        loc="upper left",
        bbox_to_anchor=(0, -0.19),
        ncols=2,
        frameon=False,
        borderaxespad=0,
        borderpad=0,
        columnspacing=1.2,
        handlelength=1.8,
        **NOTE,
    )


def _from_to(values: "pd.Series[float]") -> str:
    """A line's first and last value, or the one that it keeps."""
    first, last = (f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" for value in values.iloc[[0, -1]])
    return first if first == last else f"{first} to {last}"


def draw_rates(ax: Axes, sheet: Sheet) -> None:
    """Texts/s over n: predicted curves, measured runs on them, and the n from which packing loses."""
    _head(ax, "Texts labelled (texts/s)")
    curves = sheet.curves
    if curves is None or curves.rates.empty:
        _nothing(ax, "No curve: no constant is known\nfor this device.")
        return
    _over_n(ax, curves.rates["n"].max())
    for (layout, busy), rows in curves.rates.groupby(["layout", "busy"]):
        ax.plot(
            rows["n"],
            rows["texts_per_s"],
            color=FIXED[str(layout)][0],
            ls="-" if busy or curves.busy is None else "--",
            **PREDICTED,
        )
    runs = shown_runs(sheet.runs, curves)
    counted = runs[runs["valid"]]
    top = pd.concat([curves.rates["texts_per_s"], counted["texts"] / counted["measured_s"]]).max()
    highest = 1.18 * top
    ax.set_ylim(0, highest)
    for _, run in runs.iterrows():
        color, marker = FIXED[run["layout"]]
        drawn_as = {**POINT, "color": color} if run["valid"] else {**HOLLOW, "mec": color, "zorder": 5}
        height = min(run["texts"] / run["measured_s"], highest)  # what does not count may sit on the edge
        ax.plot(run["n"], height, marker=marker, clip_on=False, **drawn_as)
    _mark_break_even(ax, curves)
    ax.yaxis.set_major_formatter(plain_numbers())
    ax.grid(axis="y")


def shown_runs(runs: pd.DataFrame, curves: Curves) -> pd.DataFrame:
    """Rows of the curves' runs that were measured, those with duplicates left out."""
    shown = {(each.run.measurement.study, each.run.measurement.run) for each in curves.estimates}
    pairs = zip(runs["study"], runs["run"], strict=True)
    named = pd.Series([pair in shown for pair in pairs], index=runs.index, dtype=bool)
    return runs[named & runs["measured_s"].notna() & (runs["duplicates"] == 1)]


def _mark_break_even(ax: Axes, curves: Curves) -> None:
    found = curves.break_even
    if not 1 < found.n < found.searched:
        return
    ax.axvspan(max(found.surely, 1), found.perhaps, color=GREY, alpha=0.15, lw=0)
    ax.axvline(found.n, color=INK, lw=1)
    ax.annotate(
        f"break-even n = {found.n}",
        (found.n, 1),
        xycoords=("data", "axes fraction"),
        xytext=(5, -3),
        textcoords="offset points",
        va="top",
        color=INK,
        **NOTE,
    )


def draw_ratios(ax: Axes, sheet: Sheet) -> None:
    """Measured over predicted seconds of every run: 1 is exact."""
    _head(ax, "Measured seconds / predicted")
    runs = sheet.runs[sheet.runs["measured_over_predicted"].notna()] if len(sheet.runs) else sheet.runs
    if runs.empty:
        _nothing(ax, "No run has both.")
        return
    ax.axhspan(1 - BAND, 1 + BAND, color=GREY, alpha=0.15, lw=0)
    ax.axhline(1, color=INK, lw=1)
    studies = list(dict.fromkeys(runs["study"]))
    for place, study in enumerate(studies):
        rows = runs[runs["study"] == study]
        for at, (_, run) in zip(place + _spread(len(rows)), rows.iterrows(), strict=True):
            color, marker = FIXED[run["layout"]]
            drawn_as = {**POINT, "color": color} if run["valid"] else {**HOLLOW, "mec": color}
            ax.plot(at, run["measured_over_predicted"], marker=marker, **drawn_as)
            if run["run"] in _far(runs)[study]:
                _name(ax, at, run, color)
    values = runs["measured_over_predicted"].astype(float)
    low, high = min(0.8, values.min() / 1.08), max(1.25, values.max() * 1.08)
    ax.set_yscale("log")
    ax.set_ylim(low, high)
    ax.yaxis.set_major_locator(FixedLocator([value for value in RATIOS if low <= value <= high]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    ax.set_xlim(-0.6, len(studies) - 0.4)
    slanted: dict[str, Any] = {"rotation": 25, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(studies)), studies, **(slanted if len(studies) > 4 else {}))
    ax.grid(axis="y")


def _spread(count: int) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Places beside each other around 0, so that no dot hides another."""
    return np.linspace(-0.3, 0.3, count) if count > 1 else np.zeros(1)


def _far(runs: pd.DataFrame) -> dict[str, set[str]]:
    """By study, the runs farthest outside the band."""
    away = runs["measured_over_predicted"].astype(float).map(lambda ratio: abs(math.log(ratio)))
    outside = (runs["measured_over_predicted"] - 1).abs() > BAND
    far = runs.loc[away[outside].nlargest(NAMED).index]
    return {study: set(far.loc[far["study"] == study, "run"]) for study in runs["study"].unique()}


def _name(ax: Axes, at: float, run: "pd.Series[Any]", color: str) -> None:
    """The run's name beside its dot, upright and towards 1, for dots stand close."""
    above = run["measured_over_predicted"] < 1
    ax.annotate(
        run["run"],
        (at, run["measured_over_predicted"]),
        xytext=(0, 9 if above else -9),
        textcoords="offset points",
        ha="center",
        va="bottom" if above else "top",
        rotation=90,
        color=color,
        bbox={"fc": "white", "ec": "none", "alpha": 0.85, "pad": 0.5},
        **NOTE,
    )


PANELS: tuple[Callable[[Axes, Sheet], None], ...] = (draw_flops, draw_rates, draw_ratios)


def _over_n(ax: Axes, largest: float) -> None:
    ax.set_xscale("log")
    ax.set_xlim(1 / PAD, largest * PAD)
    ax.xaxis.set_major_locator(FixedLocator([n for n in TICKS if n <= largest] or [1, largest]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlabel("n (texts in one packed prompt)")


def _head(ax: Axes, text: str) -> None:
    ax.set_title(text, loc="left", pad=12)


def _nothing(ax: Axes, text: str) -> None:
    ax.set_axis_off()
    ax.text(0, 0.9, text, transform=ax.transAxes, va="top", color=GREY)


def _legend(sheet: Sheet) -> list[Line2D]:
    handles = [
        Line2D([], [], color=color, marker=marker, label=f"{layout}, measured", **POINT)
        for layout, (color, marker) in FIXED.items()
    ]
    if sheet.curves is not None and sheet.curves.busy is not None:
        label = f"predicted, {sheet.curves.busy:,} texts (engine busy)"
        handles.append(Line2D([], [], color=GREY, label=label, **PREDICTED))
    alone = "-" if sheet.curves is None or sheet.curves.busy is None else "--"
    handles.append(Line2D([], [], color=GREY, ls=alone, label="predicted, n texts in all", **PREDICTED))
    if len(sheet.runs) and not sheet.runs["valid"].all():
        handles.append(not_counted_handle())
    return handles
