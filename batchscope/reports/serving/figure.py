"""The figure of one study of the server: throughput and latency over the load, and latencies' distributions.

To add a panel, write a function that draws into an axes and put it into `PANELS`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator

from batchscope.config.serving import ServingStudy
from batchscope.reporting.figure import (
    draw_panels,
    footnote_lines,
    plain_numbers,
    title_lines,
    write_footnote,
    write_title,
)
from batchscope.reporting.style import FIXED, GREY, HOLLOW, INTERVAL, LEFT, MEDIAN, RC
from batchscope.reporting.wording import show_setting
from batchscope.reports.serving.levels import Level, knee_of, levels
from batchscope.reports.serving.page import point_name
from batchscope.reports.serving.sweeps import Sweep, sweeps
from batchscope.reports.serving.wording import CLOSED, OPEN

LINE_STYLES = ("-", "--", ":", "-.")
PALEST, DARKEST = 0.55, 0.45
"""How much white the first of a layout's colours has, and how much black the last."""

ROOM = 0.08
"""Share of an axis that a number of its marks takes."""

LONG = 32
"""Characters from which on a legend's names need a line each."""
LEGEND: dict[str, Any] = {
    "loc": "upper left",
    "bbox_to_anchor": (-0.02, -0.17),
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
        title = title_lines(study.question or name)
        write_title(figure, title, 0.965)
        write_footnote(figure, footnote_lines(footnote, most=4), 0.03)
        top = 0.83 - 0.05 * (len(title) - 1)
        grid = {"left": LEFT, "right": 0.985, "bottom": 0.37, "top": top, "wspace": 0.28}
        panels = PANELS if sweeps(points, sheet.axis) else BARS
        axes = figure.subplots(1, len(panels), gridspec_kw=grid)
        draw_panels(panels, axes, sheet)
        for ax in axes:
            ax.grid(axis="both")
            if names := ax.get_legend_handles_labels()[1]:
                marked = any(line.get_marker() != "None" for line in ax.get_lines())
                columns = 1 if max(map(len, names)) > LONG else 2
                ax.legend(**LEGEND, ncols=columns, handlelength=3 if marked else 1.5)
        return figure


def draw_throughput(ax: Axes, sheet: Sheet) -> None:
    """Of a closed loop texts/s, for its requests hold one or many, and the knee.

    Of an open one requests/s, beside how many come.
    """
    closed = sheet.axis == CLOSED
    for sweep, color in _colored(sheet):
        drawn_as: dict[str, Any] = {"color": color, "marker": _marker(sweep), "label": sweep.name, **MEDIAN}
        found = levels(sweep, sheet.axis)
        ax.plot([level.place for level in found], [_done(level) for level in found], **drawn_as)
        _draw_intervals(ax, found, color)
        if closed:
            _draw_knee(ax, found, color)
    if closed:
        _draw_unsteady(
            ax, [level for sweep in sweeps(sheet.points, CLOSED) for level in levels(sweep, CLOSED)]
        )
    if not closed and sheet.points[OPEN].notna().any():
        asked = sheet.points[OPEN].dropna().astype(float)
        rates = np.geomspace(asked.min(), asked.max(), 200)
        ax.plot(rates, rates, color=GREY, lw=1, ls="--", label="as many as come")
    column = "texts_per_s" if closed else "request_throughput"
    _faults(ax, sheet, column)
    ax.set_ylim(top=_positive((1.2 if closed else 1.4) * sheet.points[column].max()))
    ax.set_title("Labelled (texts/s)" if closed else "Finished (requests/s)", loc="left", pad=12)
    _load_axis(ax, sheet)


def _done(level: Level) -> float:
    """What was done in a second: texts of a closed loop; of an open one requests, while others came."""
    if level.axis == CLOSED:
        return level.shown("texts_per_s")
    return level.mean("finished" if level.queue else "request_throughput")


def _draw_intervals(ax: Axes, found: Sequence[Level], color: str) -> None:
    for level in found:
        column = "steady_texts_per_s" if level.axis == CLOSED else "finished"
        if interval := level.figure(column):
            ax.vlines(level.place, interval.low, interval.high, color=color, **INTERVAL)


def _draw_unsteady(ax: Axes, found: Sequence[Level]) -> None:
    """A white dot in the marker of each load that takes no part in the knee."""
    if apart := [level for level in found if not level.counts]:
        x, y = [level.place for level in apart], [_done(level) for level in apart]
        words = "white dot: no steady window, or not as many as asked for"
        ax.plot(x, y, ls="", marker=".", ms=6, color="white", zorder=6)
        ax.plot([], [], ls="", marker=".", ms=9, mfc="white", mec=GREY, label=words)


def _draw_knee(ax: Axes, found: Sequence[Level], color: str) -> None:
    if (place := knee_of(found)) and place.passed:
        at = [level for level in found if level.counts][place.last]
        _mark_knee(ax, at.place, _done(at), color, last=at is found[-1])


def _mark_knee(ax: Axes, x: float, y: float, color: str, *, last: bool) -> None:
    """Above its marker, to the right, where the curve is flat; of the last load to the left, in the axes."""
    ax.annotate(
        "knee", (x, y), (0 if last else 2, 9), textcoords="offset points", ha="right" if last else "left",
        va="bottom", color=color, path_effects=[withStroke(linewidth=4, foreground="white")],
    )  # fmt: skip


def _positive(value: float) -> float | None:
    """The value, where an axis can end there."""
    return value if value > 0 else None


def draw_latency(ax: Axes, sheet: Sheet) -> None:
    """Median and 99th percentile of TTFT and E2EL over the load; E2EL is left out where it is the TTFT."""
    for sweep, color in _colored(sheet):
        rows, found = sweep.points, levels(sweep, sheet.axis)
        one_token = (rows["output_tokens"] == rows["requests"]).all()
        kinds = ("ttft",) if one_token else ("ttft", "e2el")
        shown = [(kind, statistic) for kind in kinds for statistic in ("median", "p99")]
        for (kind, statistic), line in zip(shown, LINE_STYLES, strict=False):
            words = f"{sweep.name}: {statistic if statistic == 'median' else 'P99'} {kind.upper()}"
            ax.plot(
                [level.place for level in found], [level.shown(f"{statistic}_{kind}_ms") for level in found],
                color=color, marker=_marker(sweep), ls=line, label=words, **MEDIAN,
            )  # fmt: skip
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.set_title("Latency (ms)", loc="left", pad=12)
    _load_axis(ax, sheet)


def draw_texts(ax: Axes, sheet: Sheet) -> None:
    """Texts labelled in a second, a bar a load point."""
    valid = sheet.points[sheet.points["valid"]]
    bars = ax.bar(range(len(valid)), valid["texts_per_s"], color=_bar_colors(valid), width=0.6)
    ax.bar_label(bars, fmt="{:,.2f}", padding=4, fontsize=9)
    ax.set_title("Texts labelled (1/s)", loc="left", pad=12)
    _bar_axes(ax, valid)


def draw_times(ax: Axes, sheet: Sheet) -> None:
    """Median TTFT within median E2EL, a bar a load point."""
    valid = sheet.points[sheet.points["valid"]]
    drawn_as: dict[str, Any] = {"color": _bar_colors(valid), "width": 0.6}
    bars = ax.bar(range(len(valid)), valid["median_e2el_ms"], alpha=0.35, label="E2EL", **drawn_as)
    ax.bar(range(len(valid)), valid["median_ttft_ms"], label="TTFT", **drawn_as)
    ax.bar_label(bars, fmt="{:,.0f}", padding=4, fontsize=9)
    ax.set_title("Median latency (ms)", loc="left", pad=12)
    _bar_axes(ax, valid)


def _bar_colors(points: pd.DataFrame) -> list[str]:
    return [FIXED[layout][0] for layout in points["layout"]]


def _bar_axes(ax: Axes, points: pd.DataFrame) -> None:
    names = ["\n".join(point_name(point).split(", ")) for _, point in points.iterrows()]
    ax.set_xticks(range(len(names)), names, fontsize=11 if len(names) < 3 else 7.5)
    ax.yaxis.set_major_formatter(plain_numbers())
    ax.margins(y=0.12)


def draw_distribution(ax: Axes, sheet: Sheet) -> None:
    """The share of requests that had their first token by then, for each load point."""
    valid = sheet.points[sheet.points["valid"]]
    for color, (_, point) in zip(shades(valid["layout"]), valid.iterrows(), strict=True):
        values = np.sort(sheet.ttft[point["run"]])
        shares = np.arange(len(values) + 1) / max(len(values), 1)
        values = np.concatenate([values[:1], values])
        ax.step(values, 100 * shares, where="post", color=color, lw=1.6, label=point_name(point))
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=round_steps(*ax.get_xlim())))
    ax.xaxis.set_major_formatter(plain_numbers())
    ax.minorticks_off()
    ax.set_ylim(0, 101)
    ax.set_xlabel("TTFT (ms)")
    ax.set_title("Requests with their first token (%)", loc="left", pad=12)


def apart(values: Sequence[float]) -> list[float]:
    """Which values in order are marked on a logarithmic axis: their numbers do not run into each other."""
    shown: list[float] = []
    room = (values[-1] / values[0]) ** ROOM if values else 1.0
    for value in reversed(values):
        if not shown or shown[0] / value >= room:
            shown.insert(0, value)
    return shown


def round_steps(low: float, high: float) -> tuple[int, ...]:
    """Which multiples of a power of ten are marked, so that their numbers do not run into each other."""
    decades = np.log10(high / low)
    return (1, 2, 5) if decades < 1.7 else (1, 3) if decades < 3.2 else (1,)


def shades(layouts: Iterable[str]) -> list[str]:
    """A colour for each of these: its layout's, from pale for the layout's first to dark for its last."""
    names, found = list(layouts), []
    for place, layout in enumerate(names):
        color, _ = FIXED[layout]
        count = names.count(layout)
        share = 0.5 if count == 1 else names[:place].count(layout) / (count - 1)
        scale = LinearSegmentedColormap.from_list(
            layout, [_mixed(color, "white", PALEST), color, _mixed(color, "black", DARKEST)]
        )
        found.append(to_hex(scale(share)))
    return found


def _mixed(color: str, other: str, share: float) -> str:
    """So much of the other in a colour."""
    red, green, blue = (1 - share) * np.array(to_rgb(color)) + share * np.array(to_rgb(other))
    return to_hex((red, green, blue))


def _colored(sheet: Sheet) -> Iterator[tuple[Sweep, str]]:
    found = sweeps(sheet.points, sheet.axis)
    return zip(found, shades(sweep.points.iloc[0]["layout"] for sweep in found), strict=True)


def _marker(sweep: Sweep) -> str:
    return FIXED[sweep.points.iloc[0]["layout"]][1]


def _faults(ax: Axes, sheet: Sheet, column: str) -> None:
    """Points that do not count, hollow."""
    left_out = sheet.points[~sheet.points["valid"] & sheet.points[sheet.axis].notna()]
    for _, point in left_out.iterrows():
        color, marker = FIXED[point["layout"]]
        value = 0.0 if pd.isna(point[column]) else point[column]
        ax.plot(point[sheet.axis], value, marker=marker, mec=color, zorder=5, **HOLLOW)


def _load_axis(ax: Axes, sheet: Sheet) -> None:
    places = {
        level.place for sweep in sweeps(sheet.points, sheet.axis) for level in levels(sweep, sheet.axis)
    }
    left_out = sheet.points.loc[~sheet.points["valid"], sheet.axis].dropna().astype(float)
    values = sorted(places | set(left_out))
    ax.set_xscale("log")
    shown = apart(values)
    ax.set_xticks(shown, [show_setting(value if value < 1 else round(value)) for value in shown])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(plain_numbers())
    ax.set_xlabel(AXES[sheet.axis])
    if ax.get_yscale() == "linear":
        ax.set_ylim(bottom=0)


PANELS: tuple[Callable[[Axes, Sheet], None], ...] = (draw_throughput, draw_latency, draw_distribution)
"""Where load points differ in their load."""

BARS: tuple[Callable[[Axes, Sheet], None], ...] = (draw_texts, draw_times, draw_distribution)
"""Where they do not."""
