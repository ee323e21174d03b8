"""The figure of one study of the server: throughput and latency over the load, and latencies' distributions.

To add a panel, write a function that draws into an axes and put it into `PANELS`.
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from batchscope.analysis.findings import show
from batchscope.analysis.plots import FIXED, FOOTNOTE, GREY, HOLLOW, LEFT, MEDIAN, PALETTE, RC, TITLE
from batchscope.serving.config import ServingStudy
from batchscope.serving.limits import knee
from batchscope.serving.page import CLOSED, OPEN, label, sweeps

LINES = ("-", "--", ":", "-.")
LEGEND: dict[str, Any] = {
    "loc": "upper left",
    "bbox_to_anchor": (-0.02, -0.17),
    "ncols": 2,
    "frameon": False,
    "fontsize": 7.5,
    "markerscale": 0.4,
    "columnspacing": 0.8,
}
AXES = {CLOSED: "requests under way", OPEN: "requests/s that come"}


@dataclass(frozen=True)
class Sheet:
    """What every panel draws from."""

    points: pd.DataFrame
    """rows of `serving_frame`"""
    ttft: Mapping[str, "np.ndarray[tuple[int], np.dtype[np.float64]]"]
    """milliseconds of every request, by run"""
    axis: str
    """which load its sweeps go along"""


def serving_figure(
    name: str, study: ServingStudy, points: pd.DataFrame, ttft: Mapping[str, Any], footnote: Sequence[str]
) -> Figure:
    """The figure of one study; ``ttft``: milliseconds of every request, by run; ``footnote``: the machine."""
    sheet = Sheet(points, ttft, OPEN if points[OPEN].nunique() > points[CLOSED].nunique() else CLOSED)
    with mpl.rc_context(RC):
        figure = Figure(figsize=(14, 7.4))
        title = textwrap.wrap(study.question or name, 95)
        figure.text(LEFT, 0.965, "\n".join(title), va="top", **TITLE)
        lines = [part for line in footnote for part in textwrap.wrap(line, 175)]
        figure.text(LEFT, 0.03, "\n".join(lines[:4]), va="bottom", **FOOTNOTE)
        top = 0.83 - 0.05 * (len(title) - 1)
        grid = {"left": LEFT, "right": 0.985, "bottom": 0.37, "top": top, "wspace": 0.28}
        panels = PANELS if any(True for _ in sweeps(points, sheet.axis)) else BARS
        for panel, ax in zip(panels, figure.subplots(1, len(panels), gridspec_kw=grid), strict=True):
            panel(ax, sheet)
            ax.grid(axis="both")
            ax.tick_params(length=0, pad=7)
            if ax.get_legend_handles_labels()[0]:
                marked = any(line.get_marker() != "None" for line in ax.get_lines())
                ax.legend(**LEGEND, handlelength=3 if marked else 1.5)
        return figure


def draw_throughput(ax: Axes, sheet: Sheet) -> None:
    """Requests/s over the load; a closed loop's knee, and what an open one was asked for."""
    for sweep in sweeps(sheet.points, sheet.axis):
        color, marker = _look(sweep)
        look: dict[str, Any] = {"color": color, "marker": marker, "label": _name(sweep), **MEDIAN}
        ax.plot(sweep[sheet.axis], sweep["request_throughput"], **look)
        if sheet.axis == CLOSED:
            at = sweep.iloc[knee(sweep["request_throughput"].tolist())]
            ax.annotate(
                "knee", (at[CLOSED], at["request_throughput"]), (0, -14), textcoords="offset points",
                ha="center", va="top", color=color,
            )  # fmt: skip
    if sheet.axis == OPEN and sheet.points[OPEN].notna().any():
        asked = sheet.points[OPEN].dropna().astype(float)
        rates = np.geomspace(asked.min(), asked.max(), 200)
        ax.plot(rates, rates, color=GREY, lw=1, ls="--", label="as many as come")
        ax.set_ylim(top=1.4 * sheet.points["request_throughput"].max())
    _faults(ax, sheet, "request_throughput")
    ax.set_title("Finished (requests/s)", loc="left", pad=12)
    _load_axis(ax, sheet)


def draw_latency(ax: Axes, sheet: Sheet) -> None:
    """Median and 99th percentile of TTFT and E2EL over the load; E2EL is left out where it is the TTFT."""
    for sweep in sweeps(sheet.points, sheet.axis):
        color, marker = _look(sweep)
        one_token = (sweep["output_tokens"] == sweep["requests"]).all()
        kinds = ("ttft",) if one_token else ("ttft", "e2el")
        shown = [(kind, statistic) for kind in kinds for statistic in ("median", "p99")]
        for (kind, statistic), line in zip(shown, LINES, strict=False):
            words = f"{_name(sweep)}: {statistic if statistic == 'median' else 'P99'} {kind.upper()}"
            ax.plot(
                sweep[sheet.axis], sweep[f"{statistic}_{kind}_ms"], color=color, marker=marker, ls=line,
                label=words, **MEDIAN,
            )  # fmt: skip
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.set_title("Latency (ms)", loc="left", pad=12)
    _load_axis(ax, sheet)


def draw_reviews(ax: Axes, sheet: Sheet) -> None:
    """Reviews labelled in a second, a bar a load point."""
    valid = sheet.points[sheet.points["valid"]]
    bars = ax.bar(_bar_names(valid), valid["reviews_per_s"], color=_bar_colors(valid), width=0.6)
    ax.bar_label(bars, fmt="{:,.2f}", padding=4, fontsize=9)
    ax.margins(y=0.12)
    ax.set_title("Reviews labelled (1/s)", loc="left", pad=12)


def draw_times(ax: Axes, sheet: Sheet) -> None:
    """Median TTFT within median E2EL, a bar a load point."""
    valid = sheet.points[sheet.points["valid"]]
    names = _bar_names(valid)
    look: dict[str, Any] = {"color": _bar_colors(valid), "width": 0.6}
    bars = ax.bar(names, valid["median_e2el_ms"], alpha=0.35, label="E2EL", **look)
    ax.bar(names, valid["median_ttft_ms"], label="TTFT", **look)
    ax.bar_label(bars, fmt="{:,.0f}", padding=4, fontsize=9)
    ax.margins(y=0.12)
    ax.set_title("Median latency (ms)", loc="left", pad=12)


def _bar_names(points: pd.DataFrame) -> list[str]:
    return ["\n".join(label(point).split(", ")) for _, point in points.iterrows()]


def _bar_colors(points: pd.DataFrame) -> list[str]:
    return [FIXED[layout][0] for layout in points["layout"]]


def draw_distribution(ax: Axes, sheet: Sheet) -> None:
    """The share of requests that had their first token by then, for each load point."""
    valid = sheet.points[sheet.points["valid"]]
    for number, (_, point) in enumerate(valid.iterrows()):
        values = np.sort(sheet.ttft[point["run"]])
        shares = np.arange(len(values) + 1) / max(len(values), 1)
        values = np.concatenate([values[:1], values])
        color, line = PALETTE[number % len(PALETTE)], LINES[number // len(PALETTE) % len(LINES)]
        ax.step(values, 100 * shares, where="post", color=color, ls=line, lw=1.6, label=label(point))
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=6))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.minorticks_off()
    ax.set_ylim(0, 101)
    ax.set_xlabel("TTFT (ms)")
    ax.set_title("Requests with their first token (%)", loc="left", pad=12)


def _look(sweep: pd.DataFrame) -> tuple[str, str]:
    return FIXED[sweep.iloc[0]["layout"]]


def _name(sweep: pd.DataFrame) -> str:
    point = sweep.iloc[0]
    return f"{point['n']} to a prompt" if point["layout"] == "packed" else "separate"


def _faults(ax: Axes, sheet: Sheet, column: str) -> None:
    """Points that do not count, hollow."""
    left_out = sheet.points[~sheet.points["valid"] & sheet.points[sheet.axis].notna()]
    for _, point in left_out.iterrows():
        color, marker = FIXED[point["layout"]]
        value = 0.0 if pd.isna(point[column]) else point[column]
        ax.plot(point[sheet.axis], value, marker=marker, mec=color, zorder=5, **HOLLOW)


def _load_axis(ax: Axes, sheet: Sheet) -> None:
    values = sorted(sheet.points[sheet.axis].dropna().unique())
    ax.set_xscale("log")
    ax.set_xticks([float(value) for value in values], [show(value) for value in values])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.set_xlabel(AXES[sheet.axis])
    if ax.get_yscale() == "linear":
        ax.set_ylim(bottom=0)


PANELS: tuple[Callable[[Axes, Sheet], None], ...] = (draw_throughput, draw_latency, draw_distribution)
"""Where load points differ in their load."""

BARS: tuple[Callable[[Axes, Sheet], None], ...] = (draw_reviews, draw_times, draw_distribution)
"""Where they do not."""
