"""One figure a run: requests, KV cache, tokens per second and hardware over the time of one repeat.

Each panel has one scale. To add one, write a function that draws into an axes and put it into `panels_of`.
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
    Row,
    draw_clock,
    draw_panels,
    framed,
    head,
    nothing_to_show,
    plain_numbers,
)
from batchscope.reporting.provenance import environments, models
from batchscope.reporting.style import BLUE, GREY, LEGEND_ABOVE, ORANGE, RC
from batchscope.reporting.wording import fault, run_in_words
from batchscope.reports.timeline.frame import Timeline, bin_edges, describe_repeat, rates_in, state_points
from batchscope.results.frames import cell_value

LINE: dict[str, Any] = {"lw": 1.6}
FEW_SAMPLES = 30
"""So few samples get a dot each: a line alone would hide that there is nothing between them."""

ROOM = 1.1
"""How far an axis goes, in highest values."""

HEIGHT, BELOW = 0.72, 0.08
"""Inches of a panel, and below it."""


def timeline_figure(
    timeline: Timeline, run: "pd.Series[Any]", settings: list[str], until: float | None = None
) -> Figure:
    """The figure of one run.

    Args:
        timeline: its steps and samples.
        run: its row of the runs frame.
        settings: what tells the runs of its study apart (`batchscope.reporting.wording.varying`).
        until: how long the axis of time is; None: as long as the repeat.
    """
    with mpl.rc_context(RC):
        title = run_title(run, settings)
        if timeline.missing:
            reason = textwrap.wrap(str(cell_value(run["reason"]) or ""), 110)[:6]
            return nothing_to_show(title, [timeline.missing, *reason], _footnote(run))
        panels = panels_of(timeline)
        rows = [*(Row(height=HEIGHT, below=BELOW) for _ in panels[:-1]), Row(height=HEIGHT)]
        figure, axes = framed(title, [], rows, [_subtitle(timeline, run), *_footnote(run)])
        drawn = [row[0] for row in axes]
        draw_panels(panels, drawn, timeline)
        seconds, end = timeline.seconds, until or timeline.seconds
        words = "seconds from the start of the timed window"
        draw_clock(drawn, seconds, end, words)
        return figure


def run_title(run: "pd.Series[Any]", settings: list[str]) -> str:
    """Study and run in words, and why the run does not count if so."""
    marked = f", does not count ({fault(run)})" if fault(run) else ""
    return f"{run['study']}: {run_in_words(run, settings)}{marked}"


def _subtitle(timeline: Timeline, run: "pd.Series[Any]") -> str:
    shown = f"Shown: {describe_repeat(timeline)}."
    return f"{shown} {textwrap.shorten(reason, 110)}" if (reason := cell_value(run["reason"])) else shown


def draw_running(ax: Axes, timeline: Timeline) -> None:
    """Requests that run."""
    _draw_state(ax, timeline, state_points(timeline)["running"])
    ax.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    head(ax, "Requests running")


def draw_waiting(ax: Axes, timeline: Timeline) -> None:
    """Requests that wait; there may be a hundred times as many as run."""
    _draw_state(ax, timeline, state_points(timeline)["waiting"])
    ax.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    head(ax, "Requests waiting")


def draw_kv_cache(ax: Axes, timeline: Timeline) -> None:
    """Share of the KV cache in use; requests are put back to the queue when there is no more."""
    _draw_state(ax, timeline, 100 * state_points(timeline)["kv_cache_usage"])
    head(ax, "KV cache in use (%)")
    put_back = timeline.steps[timeline.steps["preempted"] > 0]
    if put_back.empty:
        return
    # Marks sit on the upper edge, and half of each sticks out.
    edge = [1.0] * len(put_back)
    marks: dict[str, Any] = {"marker": "v", "ls": "", "ms": 8, "mec": "white", "mew": 0.6, "clip_on": False}
    ax.plot(put_back["scheduled_s"], edge, color=ORANGE, transform=ax.get_xaxis_transform(), **marks)
    count, lost = put_back["preempted"].sum(), put_back["discarded_tokens"].sum()
    head(ax, f"▼ preemptions: {count:,} ({lost:,} tokens computed again)", ORANGE, loc="right")


def draw_prefill(ax: Axes, timeline: Timeline) -> None:
    """Tokens of prompts per second, in equal bins."""
    _draw_rate(ax, timeline, "prefill_tokens")
    head(ax, "Prefill tokens per second")


def draw_decode(ax: Axes, timeline: Timeline) -> None:
    """Tokens of answers per second, of which there may be far fewer."""
    _draw_rate(ax, timeline, "decode_tokens")
    head(ax, "Decode tokens per second")


def draw_power(ax: Axes, timeline: Timeline) -> None:
    """Power of each GPU."""
    _draw_samples(ax, _by_gpu(timeline), "power_w", BLUE)
    head(ax, f"GPU power (W{_each(timeline)})")


def draw_clock_rate(ax: Axes, timeline: Timeline) -> None:
    """SM clock of each GPU."""
    _draw_samples(ax, _by_gpu(timeline), "sm_clock_mhz", BLUE)
    head(ax, f"SM clock (MHz{_each(timeline)})")


def draw_processor(ax: Axes, timeline: Timeline) -> None:
    """How busy the processor's cores were, and with the engine; samples may say a little more than all."""
    samples = timeline.hardware
    share = samples.assign(
        all=100 * samples["utilization"], engine=100 * samples["engine_utilization"].astype(float)
    )
    _draw_samples(ax, [share], "all", BLUE, label="with anything")
    _draw_samples(ax, [share], "engine", ORANGE, label="with the engine")
    _from_zero(ax, max(100.0, share["all"].max(), share["engine"].max()))
    ax.legend(ncols=2, **LEGEND_ABOVE)
    head(ax, "CPU: cores busy (% of all)")


def draw_no_samples(ax: Axes, timeline: Timeline) -> None:
    """Says that there is nothing to draw."""
    head(ax, "Hardware: no samples", GREY)
    ax.set_yticks([])


Panel = Callable[[Axes, Timeline], None]


def panels_of(timeline: Timeline) -> list[Panel]:
    """What is drawn of a run, from top to bottom."""
    hardware: list[Panel] = [draw_processor]
    if timeline.hardware.empty:
        hardware = [draw_no_samples]
    elif timeline.gpus:
        hardware = [draw_power, draw_clock_rate]
    return [draw_running, draw_waiting, draw_kv_cache, draw_prefill, draw_decode, *hardware]


def _draw_state(ax: Axes, timeline: Timeline, values: "pd.Series[float]") -> None:
    """A value that holds from one step to the next, and from the last one to its finish."""
    steps = timeline.steps
    times = [*steps.loc[values.index, "scheduled_s"], steps["finished_s"].max()]
    ax.plot(times, [*values, values.iloc[-1]], drawstyle="steps-post", color=BLUE, **LINE)
    _from_zero(ax, values.max())


def _draw_rate(ax: Axes, timeline: Timeline, name: str) -> None:
    edges = bin_edges(timeline)
    rates = rates_in(timeline, edges)[name]
    ax.stairs(rates, edges, fill=True, color=BLUE, alpha=0.15)
    ax.stairs(rates, edges, color=BLUE, **LINE)
    _from_zero(ax, rates.max())


def _by_gpu(timeline: Timeline) -> list[pd.DataFrame]:
    samples = timeline.hardware
    return [samples[samples["gpu"] == gpu] for gpu in timeline.gpus]


def _each(timeline: Timeline) -> str:
    return "" if len(timeline.gpus) == 1 else f", each of {len(timeline.gpus)} GPUs"


def _draw_samples(
    ax: Axes, series: list[pd.DataFrame], name: str, color: str, label: str | None = None
) -> None:
    for samples in series:
        marker = "." if len(samples) <= FEW_SAMPLES else ""
        values = samples[name].astype(float)
        ax.plot(samples["time_s"], values, color=color, marker=marker, label=label, **LINE)
    _from_zero(ax, max(samples[name].max() for samples in series))


def _from_zero(ax: Axes, top: float) -> None:
    """Axis from zero to over the highest value; one of zeros alone has room too."""
    ax.set_ylim(0, ROOM * top if np.isfinite(top) and top > 0 else 1.0)
    ax.yaxis.set_major_locator(MaxNLocator(3))
    ax.yaxis.set_major_formatter(plain_numbers())


def _footnote(run: "pd.Series[Any]") -> list[str]:
    rows = run.to_frame().T
    return [*environments(rows), *models(rows)]
