"""One figure a run: requests, KV cache, tokens per second and hardware over the time of one repeat.

To add a panel, write a function that draws into an axes and put it into `PANELS`.
"""

import textwrap
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from batchscope.reporting.figure import (
    draw_panels,
    footnote_lines,
    nothing_to_show,
    plain_numbers,
    title_lines,
    write_footnote,
    write_title,
)
from batchscope.reporting.provenance import environments, models
from batchscope.reporting.style import BLUE, GREY, LEFT, ORANGE, RC
from batchscope.reporting.wording import fault, run_in_words
from batchscope.reports.timeline.frame import Timeline, bin_edges, describe_repeat, rates_in, state_points
from batchscope.results.frames import cell_value

LINE: dict[str, Any] = {"lw": 1.6}
FEW_SAMPLES = 30
"""So few samples get a dot each: a line alone would hide that there is nothing between them."""

RIGHT = 0.935

ROOM, APART = 1.1, 1.5
"""How far an axis goes, in highest values; further on the right, so that no level line hides another."""


def timeline_figure(timeline: Timeline, run: "pd.Series[Any]", settings: list[str]) -> Figure:
    """The figure of one run.

    Args:
        timeline: its steps and samples.
        run: its row of the runs frame.
        settings: what tells the runs of its study apart (`batchscope.reporting.wording.varying`).
    """
    with mpl.rc_context(RC):
        title = title_lines(run_title(run, settings))
        if timeline.missing:
            reason = textwrap.wrap(str(cell_value(run["reason"]) or ""), 130)[:6]
            return nothing_to_show(title, [timeline.missing, *reason], _footnote(run), text_top=0.7)
        figure = Figure(figsize=(14, 10.5))
        write_title(figure, title, 0.978)
        below_title = 0.943 - 0.03 * (len(title) - 1)
        figure.text(LEFT, below_title, _subtitle(timeline, run), va="top", color=GREY)
        write_footnote(figure, _footnote(run), 0.015)
        grid = {"left": LEFT, "right": RIGHT, "bottom": 0.125, "top": below_title - 0.063, "hspace": 0.42}
        panels = figure.subplots(len(PANELS), 1, sharex=True, gridspec_kw=grid)
        draw_panels(PANELS, panels, timeline)
        for ax in panels:
            ax.grid(axis="both")
            ax.tick_params(axis="y", colors=BLUE)
        panels[-1].set_xlim(0, timeline.seconds)
        panels[-1].set_xlabel("seconds from the start of the timed window")
        return figure


def run_title(run: "pd.Series[Any]", settings: list[str]) -> str:
    """Study and run in words, and why the run does not count if so."""
    marked = f", does not count ({fault(run)})" if fault(run) else ""
    return f"{run['study']}: {run_in_words(run, settings)}{marked}"


def _subtitle(timeline: Timeline, run: "pd.Series[Any]") -> str:
    if not (reason := cell_value(run["reason"])):
        return describe_repeat(timeline)
    return f"{describe_repeat(timeline)}. {textwrap.shorten(reason, 110)}"


def draw_requests(ax: Axes, timeline: Timeline) -> None:
    """Requests that run, and those that wait: there may be a hundred times as many of these."""
    points = state_points(timeline)
    other = _on_the_right(ax)
    _draw_state(ax, timeline, points["running"], BLUE)
    _draw_state(other, timeline, points["waiting"], ORANGE)
    _head(ax, "Requests running", BLUE)
    _head(other, "Requests waiting (right axis)", ORANGE, loc="right")
    for axes in (ax, other):
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def draw_kv_cache(ax: Axes, timeline: Timeline) -> None:
    """Share of the KV cache in use; requests are put back to the queue when there is no more."""
    points = state_points(timeline)
    _draw_state(ax, timeline, 100 * points["kv_cache_usage"], BLUE)
    _head(ax, "KV cache in use (%)", BLUE)
    put_back = timeline.steps[timeline.steps["preempted"] > 0]
    if put_back.empty:
        return
    # Marks sit on the upper edge, and half of each sticks out.
    edge = [1.0] * len(put_back)
    marks: dict[str, Any] = {"marker": "v", "ls": "", "ms": 8, "mec": "white", "mew": 0.6, "clip_on": False}
    ax.plot(put_back["scheduled_s"], edge, color=ORANGE, transform=ax.get_xaxis_transform(), **marks)
    count, lost = put_back["preempted"].sum(), put_back["discarded_tokens"].sum()
    _head(ax, f"▼ preemptions: {count:,} ({lost:,} tokens computed again)", ORANGE, loc="right")


def draw_tokens(ax: Axes, timeline: Timeline) -> None:
    """Tokens per second in equal bins: of prompts, and of answers, of which there may be far fewer."""
    edges = bin_edges(timeline)
    rates = rates_in(timeline, edges)
    other = _on_the_right(ax)
    ax.stairs(rates["prefill_tokens"], edges, fill=True, color=BLUE, alpha=0.15)
    ax.stairs(rates["prefill_tokens"], edges, color=BLUE, **LINE)
    other.stairs(rates["decode_tokens"], edges, color=ORANGE, **LINE)
    _head(ax, "Prefill tokens per second", BLUE)
    _head(other, "Decode tokens per second (right axis)", ORANGE, loc="right")
    _from_zero(ax, rates["prefill_tokens"].max())
    _from_zero(other, rates["decode_tokens"].max(), room=APART)


def draw_hardware(ax: Axes, timeline: Timeline) -> None:
    """Power and SM clock of each GPU; without one, how busy the processor's cores were."""
    other = _on_the_right(ax)
    samples = timeline.hardware
    if samples.empty:
        _head(ax, "Hardware: no samples", GREY)
        for axes in (ax, other):
            axes.set_yticks([])
    elif timeline.gpus:
        each = "" if len(timeline.gpus) == 1 else f", each of {len(timeline.gpus)} GPUs"
        gpus = [samples[samples["gpu"] == gpu] for gpu in timeline.gpus]
        _draw_samples(ax, gpus, "power_w", BLUE)
        _draw_samples(other, gpus, "sm_clock_mhz", ORANGE, room=APART)
        _head(ax, f"GPU power (W{each})", BLUE)
        _head(other, f"SM clock (MHz{each}; right axis)", ORANGE, loc="right")
    else:
        share = samples.assign(
            all=100 * samples["utilization"], engine=100 * samples["engine_utilization"].astype(float)
        )
        _draw_samples(ax, [share], "all", BLUE)
        _draw_samples(other, [share], "engine", ORANGE)
        _head(ax, "CPU: all cores busy (%)", BLUE)
        _head(other, "engine's share of all cores (%)", ORANGE, loc="right")
        for axes in (ax, other):
            axes.set_ylim(0, 105)


PANELS: tuple[Callable[[Axes, Timeline], None], ...] = (
    draw_requests,
    draw_kv_cache,
    draw_tokens,
    draw_hardware,
)


def _draw_state(ax: Axes, timeline: Timeline, values: "pd.Series[float]", color: str) -> None:
    """A value that holds from one step to the next, and from the last one to its finish."""
    steps = timeline.steps
    times = [*steps.loc[values.index, "scheduled_s"], steps["finished_s"].max()]
    ax.plot(times, [*values, values.iloc[-1]], drawstyle="steps-post", color=color, **LINE)
    _from_zero(ax, values.max())


def _draw_samples(ax: Axes, series: list[pd.DataFrame], name: str, color: str, room: float = ROOM) -> None:
    for samples in series:
        marker = "." if len(samples) <= FEW_SAMPLES else ""
        ax.plot(samples["time_s"], samples[name].astype(float), color=color, marker=marker, **LINE)
    _from_zero(ax, max(samples[name].max() for samples in series), room)


def _on_the_right(ax: Axes) -> Axes:
    """A second axis over the same panel, for values of another size."""
    other = ax.twinx()
    other.spines["right"].set_visible(True)
    other.tick_params(length=0, pad=7, colors=ORANGE)
    return other


def _head(ax: Axes, text: str, color: str, loc: Any = "left") -> None:
    ax.set_title(text, loc=loc, color=color, pad=9)


def _from_zero(ax: Axes, top: float, room: float = ROOM) -> None:
    """Axis from zero to over the highest value; one of zeros alone has room too."""
    ax.set_ylim(0, room * top if np.isfinite(top) and top > 0 else 1.0)
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(plain_numbers())


def _footnote(run: "pd.Series[Any]") -> list[str]:
    rows = run.to_frame().T
    return footnote_lines([*environments(rows), *models(rows)])
