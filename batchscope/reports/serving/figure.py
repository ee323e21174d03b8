"""The figure of one study of the server: what it does in a second, and how long an answer takes.

Where load points do not differ in their load alone, there is a bar for each instead. To add a panel, write a
function that draws into an axes and put it into `PANELS` or `BARS`.
"""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator

from batchscope.config.serving import ServingStudy
from batchscope.reporting.figure import (
    Row,
    draw_panels,
    framed,
    head,
    interval_handle,
    not_counted_handle,
    per_prompt,
    plain_numbers,
)
from batchscope.reporting.style import (
    FIXED,
    GREY,
    HOLLOW,
    INK,
    INTERVAL,
    MEDIAN,
    RC,
    SMALL,
    SeriesStyle,
    free_styles,
)
from batchscope.reporting.wording import show_setting
from batchscope.reports.serving.levels import Level, knee_of, levels
from batchscope.reports.serving.page import point_name
from batchscope.reports.serving.sweeps import Sweep, sweeps
from batchscope.reports.serving.wording import CLOSED, OPEN, layout_words

ROOM = 0.1
"""Share of an axis that a number of its marks takes."""

MOST_ROOM = 3.0
"""How far an axis follows intervals, as a factor of the loads: longer ones would leave no room for these."""

BAND: dict[str, Any] = {"alpha": 0.18, "lw": 0}
"""From the median to the 99th percentile."""

RING: dict[str, Any] = {"ls": "", "marker": "o", "ms": 17, "mfc": "none", "mew": 1.6}
"""Around the knee."""

NAME_WIDTH = 34
"""Characters of a line of a load point's name."""

AXES = {CLOSED: "requests under way", OPEN: "requests/s that come"}


@dataclass(frozen=True)
class Sheet:
    """What every panel draws from."""

    points: pd.DataFrame
    """rows of `serving_frame`"""
    axis: str
    """which load its sweeps go along"""

    def each_sweep(self) -> Iterator[tuple[Sweep, SeriesStyle, list[Level]]]:
        """Each sweep with its style and its loads."""
        found = sweeps(self.points, self.axis)
        for sweep, style in zip(
            found, styles([sweep.points.iloc[0]["layout"] for sweep in found]), strict=True
        ):
            yield sweep, style, levels(sweep, self.axis)


def styles(layouts: Sequence[str]) -> list[SeriesStyle]:
    """A style for each of these: the first of a layout has the layout's own."""
    free = free_styles()
    return [
        SeriesStyle(*FIXED[layout]) if layout not in layouts[:place] else next(free)
        for place, layout in enumerate(layouts)
    ]


def serving_figure(name: str, study: ServingStudy, points: pd.DataFrame, footnote: Sequence[str]) -> Figure:
    """The figure of one study; ``footnote``: the machine."""
    sheet = Sheet(points, OPEN if points[OPEN].nunique() > points[CLOSED].nunique() else CLOSED)
    title = study.question or name
    with mpl.rc_context(RC):
        if sweeps(points, sheet.axis):
            figure, (axes,) = framed(title, _legend(sheet), [Row(2)], footnote)
            draw_panels(PANELS, axes, sheet)
        else:
            count = max(int(points["valid"].sum()), 1)
            row = Row(2, height=0.3 + 0.62 * count, left=0.29, apart=0.12)
            figure, (axes,) = framed(title, _legend_of_bars(points), [row], footnote)
            draw_panels(BARS, axes, sheet)
        return figure


def draw_throughput(ax: Axes, sheet: Sheet) -> None:
    """Of a closed loop texts/s, for its requests hold one or many, and the knee.

    Of an open one requests/s, beside how many come: both axes are logarithmic, so that what comes is a
    straight line, and no line from load to load lies above it.
    """
    closed = sheet.axis == CLOSED
    for _, style, found in sheet.each_sweep():
        x, y = [level.place for level in found], [_done(level) for level in found]
        ax.plot(x, y, color=style.color, marker=style.marker, **MEDIAN)
        _draw_intervals(ax, found, style.color)
        if closed:
            _draw_knee(ax, found, style.color)
    if closed:
        apart = [level for level in _loads(sheet) if not level.counts]
        x, y = [level.place for level in apart], [_done(level) for level in apart]
        ax.plot(x, y, **_white_dot(6))
    column = "texts_per_s" if closed else "request_throughput"
    _faults(ax, sheet, column)
    head(ax, "Labelled (texts/s)" if closed else "Finished (requests/s)")
    _load_axis(ax, sheet)
    if closed:
        ax.set_ylim(0, _positive(1.12 * _highest(sheet, column)))
    else:
        _beside_what_comes(ax, sheet)


def _highest(sheet: Sheet, column: str) -> float:
    """The end of the highest interval, if that leaves room to see the loads themselves."""
    reached = max([sheet.points[column].max(), *(_done(level) for level in _loads(sheet))])
    ends = [found.high for level in _loads(sheet) if (found := _interval(level))]
    return float(max(reached, min(max(ends, default=0), MOST_ROOM * reached)))


def _beside_what_comes(ax: Axes, sheet: Sheet) -> None:
    """What comes as a straight line, as far as the server gets."""
    rates = [(level.place, _done(level)) for level in _loads(sheet)]
    if not rates:
        return
    lowest = min(min(pair) for pair in rates)
    lows = [found.low for level in _loads(sheet) if (found := _interval(level))]
    low = 0.7 * max(min([lowest, *lows]), lowest / MOST_ROOM)
    high = 1.15 * max(_highest(sheet, "request_throughput"), low)
    ax.set_yscale("log")
    ax.set_ylim(low, high)
    _round_marks(ax)
    ends = [max(low, min(place for place, _ in rates)), min(high, max(place for place, _ in rates))]
    ax.plot(ends, ends, **COMES)


def _round_marks(ax: Axes) -> None:
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(plain_numbers())


COMES: dict[str, Any] = {"color": GREY, "lw": 1.2, "ls": "--"}


def _done(level: Level) -> float:
    """What was done in a second: texts of a closed loop; of an open one requests, while others came."""
    if level.axis == CLOSED:
        return level.shown("texts_per_s")
    return level.mean("finished" if level.queue else "request_throughput")


def _interval(level: Level) -> Any:
    return level.figure("steady_texts_per_s" if level.axis == CLOSED else "finished")


def _loads(sheet: Sheet) -> list[Level]:
    return [level for _, _, found in sheet.each_sweep() for level in found]


def _draw_intervals(ax: Axes, found: Sequence[Level], color: str) -> None:
    for level in found:
        if interval := _interval(level):
            ax.vlines(level.place, interval.low, interval.high, color=color, **INTERVAL)


def _draw_knee(ax: Axes, found: Sequence[Level], color: str) -> None:
    """A ring around the load from which on more requests under way bring nothing."""
    if (knee := _knee(found)) is not None:
        ax.plot(knee.place, _done(knee), mec=color, **RING)


def _knee(found: Sequence[Level]) -> Level | None:
    place = knee_of(found)
    return [level for level in found if level.counts][place.last] if place and place.passed else None


def _white_dot(size: float, **more: Any) -> dict[str, Any]:
    """What marks a load that takes no part in the knee."""
    return {"ls": "", "marker": ".", "ms": size, "color": "white", "zorder": 6, **more}


def _positive(value: float) -> float | None:
    """The value, where an axis can end there."""
    return value if value > 0 else None


def draw_latency(ax: Axes, sheet: Sheet) -> None:
    """How long a whole answer takes: the median, and a band up to the 99th percentile."""
    for _, style, found in sheet.each_sweep():
        places = [level.place for level in found]
        median, tail = ([level.shown(f"{name}_e2el_ms") for level in found] for name in ("median", "p99"))
        ax.plot(places, median, color=style.color, marker=style.marker, **MEDIAN)
        ax.fill_between(places, median, tail, color=style.color, **BAND)
    ax.set_yscale("log")
    _round_marks(ax)
    head(ax, "Time to the whole answer (ms)")
    _load_axis(ax, sheet)


def draw_texts(ax: Axes, sheet: Sheet) -> None:
    """Texts labelled in a second, a bar a load point."""
    valid = sheet.points[sheet.points["valid"]]
    bars = ax.barh(range(len(valid)), valid["texts_per_s"], color=_bar_colors(valid), height=0.55)
    ax.bar_label(bars, fmt="{:,.1f}", padding=5, fontsize=SMALL)
    head(ax, "Labelled (texts/s)")
    _bar_axes(ax, valid)
    ax.set_yticks(range(len(valid)), [bar_name(point) for _, point in valid.iterrows()], fontsize=SMALL)


def draw_times(ax: Axes, sheet: Sheet) -> None:
    """The median time to the first token within that to the whole answer, a bar a load point."""
    valid = sheet.points[sheet.points["valid"]]
    places, colors = range(len(valid)), _bar_colors(valid)
    bars = ax.barh(places, valid["median_e2el_ms"], height=0.55, edgecolor=colors, **REST)
    ax.barh(places, valid["median_ttft_ms"], height=0.55, color=colors)
    ax.bar_label(bars, fmt="{:,.0f}", padding=5, fontsize=SMALL)
    head(ax, "Time to the answer, median (ms)")
    _bar_axes(ax, valid)
    ax.set_yticks([])


REST: dict[str, Any] = {"facecolor": "white", "hatch": "////", "lw": 1.2}
"""A bar's part from the first token to the last one."""


def bar_name(point: "pd.Series[Any]") -> str:
    """A load point in lines short enough to stand beside its bar."""
    name = point_name(point).replace(layout_words(point), per_prompt(point["layout"], point["n"]), 1)
    return "\n".join(textwrap.wrap(name, NAME_WIDTH))


def _bar_colors(points: pd.DataFrame) -> list[str]:
    return [FIXED[layout][0] for layout in points["layout"]]


def _bar_axes(ax: Axes, points: pd.DataFrame) -> None:
    ax.set_ylim(max(len(points), 1) - 0.5, -0.5)
    ax.xaxis.set_major_formatter(plain_numbers())
    ax.locator_params(axis="x", nbins=4)
    ax.margins(x=0.2)
    ax.grid(axis="x")


def _legend_of_bars(points: pd.DataFrame) -> list[Artist]:
    layouts = dict.fromkeys(points.loc[points["valid"], "layout"])
    handles: list[Artist] = [
        Patch(color=FIXED[layout][0], label=_layout_words(points, layout)) for layout in layouts
    ]
    both = [Patch(color=GREY, label="until the first token"), Patch(ec=GREY, label="until the last", **REST)]
    return [*handles, *both]


def _layout_words(points: pd.DataFrame, layout: str) -> str:
    sizes = points.loc[points["layout"] == layout, "n"].unique()
    return per_prompt(layout, sizes[0] if len(sizes) == 1 else None)


def apart(values: Sequence[float]) -> list[float]:
    """Which values in order are marked on a logarithmic axis: their numbers do not run into each other."""
    shown: list[float] = []
    room = (values[-1] / values[0]) ** ROOM if values else 1.0
    for value in reversed(values):
        if not shown or shown[0] / value >= room:
            shown.insert(0, value)
    return shown


def _faults(ax: Axes, sheet: Sheet, column: str) -> None:
    """Points that do not count, hollow."""
    for _, point in _left_out(sheet).iterrows():
        color, marker = FIXED[point["layout"]]
        value = 0.0 if pd.isna(point[column]) else point[column]
        ax.plot(point[sheet.axis], value, marker=marker, mec=color, zorder=5, **HOLLOW)


def _left_out(sheet: Sheet) -> pd.DataFrame:
    return sheet.points[~sheet.points["valid"] & sheet.points[sheet.axis].notna()]


def _load_axis(ax: Axes, sheet: Sheet) -> None:
    places = {level.place for level in _loads(sheet)}
    values = sorted(places | set(_left_out(sheet)[sheet.axis].astype(float)))
    ax.set_xscale("log")
    shown = apart(values)
    ax.set_xticks(shown, [show_setting(value if value < 1 else round(value)) for value in shown])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(plain_numbers())
    ax.set_xlabel(AXES[sheet.axis])
    ax.grid(axis="y")


def _legend(sheet: Sheet) -> list[Artist]:
    handles: list[Artist] = [
        Line2D([], [], color=style.color, marker=style.marker, label=_sweep_words(sweep), **MEDIAN)
        for sweep, style, _ in sheet.each_sweep()
    ]
    if any(_interval(level) for level in _loads(sheet)):
        handles.append(interval_handle("95 % interval"))
    handles.append(Patch(color=GREY, label="median to 99th percentile", **BAND))
    if sheet.axis == OPEN:
        handles.append(Line2D([], [], label="as many as come", **COMES))
    elif any(_knee(found) for _, _, found in sheet.each_sweep()):
        handles.append(Line2D([], [], mec=INK, label="knee", **RING | {"ms": 11}))
    if sheet.axis == CLOSED and any(not level.counts for level in _loads(sheet)):
        words = "no steady window, or not as many as asked for"
        handles.append(Line2D([], [], label=words, **_white_dot(11, mfc="white", mec=GREY)))
    if len(_left_out(sheet)):
        handles.append(not_counted_handle())
    return handles


def _sweep_words(sweep: Sweep) -> str:
    first = sweep.points.iloc[0]
    return per_prompt(first["layout"], first["n"]) + sweep.apart


PANELS: tuple[Callable[[Axes, Sheet], None], ...] = (draw_throughput, draw_latency)
"""Where load points differ in their load."""

BARS: tuple[Callable[[Axes, Sheet], None], ...] = (draw_texts, draw_times)
"""Where they do not."""
