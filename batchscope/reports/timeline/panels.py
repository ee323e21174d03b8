"""What is drawn of a timeline: requests, KV cache, tokens per second and hardware, a panel each.

Each panel has one scale, from zero. To add one, write a function that draws into an axes and put it into
`quantities_of`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from batchscope.reporting.figure import plain_numbers
from batchscope.reporting.numbers import counted
from batchscope.reporting.style import GREY, INK
from batchscope.reports.timeline.frame import Timeline, bin_edges, rates_in, state_points

LINE: dict[str, Any] = {"lw": 1.6}
FEW_SAMPLES = 30
"""So few samples get a dot each: a line alone would hide that there is nothing between them."""

ROOM = 1.1
"""How far an axis goes, in highest values."""

NO_SAMPLES = "no samples"


@dataclass(frozen=True)
class Quantity:
    """What a panel shows."""

    title: str
    draw: Callable[[Axes, Timeline, str], str]
    """draws a timeline into an axes, in a colour; returns what is to be said of this run"""
    key: str = ""
    """what its colours mean, where there are two"""


def quantities_of(timelines: Sequence[Timeline]) -> list[Quantity]:
    """What is drawn of timelines, from top to bottom: the same of each."""
    gpus = max((len(timeline.gpus) for timeline in timelines), default=0)
    each = f", each of {gpus} GPUs" if gpus > 1 else ""
    hardware = [Quantity("Cores busy (%)", draw_processor, "grey: in all; colour: the engine")]
    if gpus:
        hardware = [
            Quantity(f"GPU power (W{each})", draw_power),
            Quantity(f"SM clock (MHz{each})", draw_clock_rate),
        ]
    elif all(timeline.hardware.empty for timeline in timelines):
        hardware = [Quantity("Hardware", draw_no_samples)]
    return [
        Quantity("Requests running", draw_running),
        Quantity("Requests waiting", draw_waiting),
        Quantity("KV cache in use (%)", draw_kv_cache),
        Quantity("Prefill tokens per second", draw_prefill),
        Quantity("Decode tokens per second", draw_decode),
        *hardware,
    ]


def align(axes: Sequence[Axes]) -> None:
    """Give panels of one quantity one scale, that of the highest values; one without values has it too."""
    drawn = [ax for ax in axes if ax.has_data()]
    top = max((ax.get_ylim()[1] for ax in drawn), default=1.0)
    for ax in axes:
        ax.set_ylim(0, top)


def draw_running(ax: Axes, timeline: Timeline, color: str) -> str:
    """Requests that run."""
    _draw_state(ax, timeline, state_points(timeline)["running"], color)
    ax.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    return ""


def draw_waiting(ax: Axes, timeline: Timeline, color: str) -> str:
    """Requests that wait; there may be a hundred times as many as run."""
    _draw_state(ax, timeline, state_points(timeline)["waiting"], color)
    ax.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    return ""


def draw_kv_cache(ax: Axes, timeline: Timeline, color: str) -> str:
    """Share of the KV cache in use; requests are put back to the queue when there is no more."""
    _draw_state(ax, timeline, 100 * state_points(timeline)["kv_cache_usage"], color)
    put_back = timeline.steps[timeline.steps["preempted"] > 0]
    if put_back.empty:
        return ""
    # Marks sit on the upper edge, and half of each sticks out.
    edge = [1.0] * len(put_back)
    marks: dict[str, Any] = {"marker": "v", "ls": "", "ms": 8, "mec": "white", "mew": 0.6, "clip_on": False}
    ax.plot(put_back["scheduled_s"], edge, color=INK, transform=ax.get_xaxis_transform(), **marks)
    return f"▼ {counted(int(put_back['preempted'].sum()), 'preemption')}"


def draw_prefill(ax: Axes, timeline: Timeline, color: str) -> str:
    """Tokens of prompts per second, in equal bins."""
    return _draw_rate(ax, timeline, "prefill_tokens", color)


def draw_decode(ax: Axes, timeline: Timeline, color: str) -> str:
    """Tokens of answers per second, of which there may be far fewer."""
    return _draw_rate(ax, timeline, "decode_tokens", color)


def draw_power(ax: Axes, timeline: Timeline, color: str) -> str:
    """Power of each GPU."""
    return _draw_gpus(ax, timeline, "power_w", color)


def draw_clock_rate(ax: Axes, timeline: Timeline, color: str) -> str:
    """SM clock of each GPU."""
    return _draw_gpus(ax, timeline, "sm_clock_mhz", color)


def draw_processor(ax: Axes, timeline: Timeline, color: str) -> str:
    """How busy the processor's cores were, in all and with the engine; at times a little over 100 %."""
    samples = timeline.hardware
    if samples.empty:
        return draw_no_samples(ax, timeline, color)
    in_all, engine = (100 * samples[name].astype(float) for name in ("utilization", "engine_utilization"))
    _draw_samples(ax, samples["time_s"], in_all, GREY)
    _draw_samples(ax, samples["time_s"], engine, color)
    _from_zero(ax, max(100.0, in_all.max(), engine.max()))
    return ""


def draw_no_samples(ax: Axes, timeline: Timeline, color: str) -> str:
    """Says that there is nothing to draw."""
    ax.set_yticks([])
    return NO_SAMPLES


def _draw_state(ax: Axes, timeline: Timeline, values: "pd.Series[float]", color: str) -> None:
    """A value that holds from one step to the next, and from the last one to its finish."""
    steps = timeline.steps
    times = [*steps.loc[values.index, "scheduled_s"], steps["finished_s"].max()]
    ax.plot(times, [*values, values.iloc[-1]], drawstyle="steps-post", color=color, **LINE)
    _from_zero(ax, values.max())


def _draw_rate(ax: Axes, timeline: Timeline, name: str, color: str) -> str:
    edges = bin_edges(timeline)
    rates = rates_in(timeline, edges)[name]
    ax.stairs(rates, edges, fill=True, color=color, alpha=0.15)
    ax.stairs(rates, edges, color=color, **LINE)
    _from_zero(ax, rates.max())
    return ""


def _draw_gpus(ax: Axes, timeline: Timeline, name: str, color: str) -> str:
    samples = timeline.hardware
    for gpu in timeline.gpus:
        own = samples[samples["gpu"] == gpu]
        _draw_samples(ax, own["time_s"], own[name].astype(float), color)
    if not timeline.gpus:
        return draw_no_samples(ax, timeline, color)
    _from_zero(ax, samples[name].max())
    return ""


def _draw_samples(ax: Axes, times: "pd.Series[float]", values: "pd.Series[float]", color: str) -> None:
    ax.plot(times, values, color=color, marker="." if len(times) <= FEW_SAMPLES else "", **LINE)


def _from_zero(ax: Axes, top: float) -> None:
    """Axis from zero to over the highest value; one of zeros alone has room too."""
    ax.set_ylim(0, ROOM * top if np.isfinite(top) and top > 0 else 1.0)
    ax.yaxis.set_major_locator(MaxNLocator(3))
    ax.yaxis.set_major_formatter(plain_numbers())
