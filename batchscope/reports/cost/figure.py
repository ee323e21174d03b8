"""The cost model's figure: FLOP a text over n, predicted and measured texts/s, and how far they differ.

To add a panel, write a function that draws into an axes and put it into `PANELS`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from batchscope.reporting.figure import (
    Row,
    draw_panels,
    framed,
    head,
    not_counted_handle,
    per_prompt,
    plain_numbers,
)
from batchscope.reporting.style import (
    FIXED,
    GREEN,
    GREY,
    HOLLOW,
    INK,
    LEGEND_BELOW,
    PAD,
    PALETTE,
    RC,
)
from batchscope.reports.cost.curves import Curves

BAND = 0.15
"""Predictions that are as good as is hoped for: measured seconds within this share."""

SAME = 0.02
"""Two curves that differ by no more than this share everywhere are one: the second would hide the first."""

PREDICTED: dict[str, Any] = {"lw": 1.8}
POINT: dict[str, Any] = {"ls": "", "ms": 9, "mec": "white", "mew": 1.2, "zorder": 5}
GOOD: dict[str, Any] = {"color": GREY, "alpha": 0.15, "lw": 0}

PARTS = (
    ("linear, prefill", ("prefill_linear",), INK, "-"),
    ("linear, decode", ("decode_linear",), INK, ":"),
    ("attention, prefill", ("prefill_attention",), GREEN, "-"),
    ("attention, decode", ("decode_attention",), GREEN, ":"),
    ("head", ("prefill_head", "decode_head"), PALETTE[3], "-"),
)
"""Name, columns, colour and line of what is computed; the colours are none of the layouts'."""

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
    title = "What the runs compute, how long that should take, and how long it took"
    studies = sheet.runs["study"].nunique() if len(sheet.runs) else 1
    rows = [Row(2, below=1.35), Row(height=0.5 + 0.32 * studies, left=0.2)]
    with mpl.rc_context(RC):
        figure, axes = framed(title, _legend(sheet), rows, footnote)
        draw_panels(PANELS, [ax for row in axes for ax in row], sheet)
        return figure


def draw_flops(ax: Axes, sheet: Sheet) -> None:
    """FLOP a text by part: attention grows with n, what the linear layers do hardly changes."""
    if sheet.curves is None:
        head(ax, "FLOP per text")
        _nothing(ax, "No runs with known shapes that differ\nin texts per prompt.")
        return
    flops = sheet.curves.flops
    unit, scale = ("GFLOP", 1.0) if flops["prefill_linear"].max() >= 1 else ("MFLOP", 1e3)
    head(ax, f"{unit} per text")
    _over_n(ax, flops["n"].max())
    for name, columns, color, style in PARTS:
        values = flops[list(columns)].sum(axis="columns")
        some = values[values > 0] * scale  # separate prompts decode nothing
        ax.plot(flops["n"][some.index], some, color=color, ls=style, label=name, **PREDICTED)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(plain_numbers())
    ax.yaxis.set_minor_locator(NullLocator())
    ax.grid(axis="y")
    ax.legend(bbox_to_anchor=(0, -0.22), ncols=2, **LEGEND_BELOW)


def draw_rates(ax: Axes, sheet: Sheet) -> None:
    """Texts/s over n: predicted curves, measured runs on them, and the n from which packing loses."""
    head(ax, "Labelled (texts/s)")
    curves = sheet.curves
    if curves is None or curves.rates.empty:
        _nothing(ax, "No curve: no constant is known\nfor this device.")
        return
    _over_n(ax, curves.rates["n"].max())
    for layout, busy, rows in drawn_curves(curves):
        ax.plot(
            rows["n"],
            rows["texts_per_s"],
            color=FIXED[layout][0],
            ls="-" if busy or curves.busy is None else "--",
            **PREDICTED,
        )
    runs = shown_runs(sheet.runs, curves)
    counted = runs[runs["valid"]]
    top = pd.concat([curves.rates["texts_per_s"], counted["texts"] / counted["measured_s"]]).max()
    highest = 1.08 * top
    ax.set_ylim(0, highest)
    for _, run in runs.iterrows():
        color, marker = FIXED[run["layout"]]
        drawn_as = {**POINT, "color": color} if run["valid"] else {**HOLLOW, "mec": color, "zorder": 5}
        height = min(run["texts"] / run["measured_s"], highest)  # what does not count may sit on the edge
        # Separate prompts hold one text each, however many of them there are.
        place = 1 if run["layout"] == "separate" else run["n"]
        ax.plot(place, height, marker=marker, clip_on=False, **drawn_as)
    if _breaks_even(curves):
        found = curves.break_even
        ax.axvspan(max(found.surely, 1), found.perhaps, **GOOD)
        ax.axvline(found.n, **EVEN)
    ax.yaxis.set_major_formatter(plain_numbers())
    ax.grid(axis="y")


EVEN: dict[str, Any] = {"color": INK, "lw": 1.0}


def drawn_curves(curves: Curves) -> list[tuple[str, bool, pd.DataFrame]]:
    """Layout, whether the engine is busy, and points of each curve that can be told from the one before."""
    drawn = []
    for layout, of_layout in curves.rates.groupby("layout"):
        busy, alone = (
            of_layout[of_layout["busy"] == each].set_index("n")["texts_per_s"] for each in (True, False)
        )
        shared = busy.index.intersection(alone.index)
        same = len(shared) and ((alone[shared] / busy[shared] - 1).abs() <= SAME).all()
        for kind in [True] if same else [True, False]:
            rows = of_layout[of_layout["busy"] == kind]
            if len(rows):
                drawn.append((str(layout), kind, rows))
    return drawn


def _breaks_even(curves: Curves) -> bool:
    return 1 < curves.break_even.n < curves.break_even.searched


def shown_runs(runs: pd.DataFrame, curves: Curves) -> pd.DataFrame:
    """Rows of the curves' runs that were measured, those with duplicates left out."""
    shown = {(each.run.measurement.study, each.run.measurement.run) for each in curves.estimates}
    pairs = zip(runs["study"], runs["run"], strict=True)
    named = pd.Series([pair in shown for pair in pairs], index=runs.index, dtype=bool)
    return runs[named & runs["measured_s"].notna() & (runs["duplicates"] == 1)]


def draw_ratios(ax: Axes, sheet: Sheet) -> None:
    """Measured over predicted seconds of every run: 1 is exact."""
    head(ax, "Measured seconds / predicted")
    runs = sheet.runs[sheet.runs["measured_over_predicted"].notna()] if len(sheet.runs) else sheet.runs
    if runs.empty:
        _nothing(ax, "No run has both.")
        return
    ax.axvspan(1 - BAND, 1 + BAND, **GOOD)
    ax.axvline(1, **EVEN)
    studies = list(dict.fromkeys(runs["study"]))
    for place, study in enumerate(studies):
        rows = runs[runs["study"] == study]
        for at, (_, run) in zip(place + _spread(len(rows)), rows.iterrows(), strict=True):
            color, marker = FIXED[run["layout"]]
            drawn_as = {**POINT, "color": color} if run["valid"] else {**HOLLOW, "mec": color}
            ax.plot(run["measured_over_predicted"], at, marker=marker, **drawn_as)
    values = runs["measured_over_predicted"].astype(float)
    low, high = min(0.8, values.min() / 1.08), max(1.25, values.max() * 1.08)
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ax.xaxis.set_major_locator(FixedLocator([value for value in RATIOS if low <= value <= high]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    ax.set_yticks(range(len(studies)), studies)
    ax.set_ylim(len(studies) - 0.5, -0.5)
    ax.set_xlabel(f"grey: within {100 * BAND:.0f} % of the prediction")
    ax.grid(axis="x")


def _spread(count: int) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Places beside each other around 0, so that no dot hides another."""
    return np.linspace(-0.32, 0.32, count) if count > 1 else np.zeros(1)


PANELS: tuple[Callable[[Axes, Sheet], None], ...] = (draw_flops, draw_rates, draw_ratios)


def _over_n(ax: Axes, largest: float) -> None:
    ax.set_xscale("log")
    ax.set_xlim(1 / PAD, largest * PAD)
    ax.xaxis.set_major_locator(FixedLocator([n for n in TICKS if n <= largest] or [1, largest]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlabel("texts per prompt (n)")


def _nothing(ax: Axes, text: str) -> None:
    ax.set_axis_off()
    ax.text(0, 0.9, text, transform=ax.transAxes, va="top", color=GREY)


def _legend(sheet: Sheet) -> list[Artist]:
    handles: list[Artist] = [
        Line2D([], [], color=color, marker=marker, label=f"{per_prompt(layout)}, measured", **POINT)
        for layout, (color, marker) in FIXED.items()
    ]
    if sheet.curves is not None:
        handles += _legend_of_curves(sheet.curves)
    if len(sheet.runs) and not sheet.runs["valid"].all():
        handles.append(not_counted_handle())
    return handles


def _legend_of_curves(curves: Curves) -> list[Artist]:
    busy = curves.busy is not None
    handles: list[Artist] = []
    if busy:
        label = f"predicted, {curves.busy:,} texts (engine busy)"
        handles.append(Line2D([], [], color=GREY, label=label, **PREDICTED))
    if not curves.rates.empty and any(not kind for _, kind, _ in drawn_curves(curves)):
        ls = "--" if busy else "-"
        handles.append(Line2D([], [], color=GREY, ls=ls, label="predicted, n texts in all", **PREDICTED))
    if _breaks_even(curves):
        handles.append(Line2D([], [], label=f"break-even at n = {curves.break_even.n}", **EVEN))
        handles.append(Patch(label="within 2 % of it", **GOOD))
    return handles
