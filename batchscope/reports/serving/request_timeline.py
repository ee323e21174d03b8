"""The figure of one load point: every request over time, and beneath it what the server did meanwhile.

Client and server are on one clock, which counts from the sending of the first request.
"""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from batchscope.reporting.figure import Row, draw_clock, framed, head, plain_numbers
from batchscope.reporting.style import BLUE, GREEN, GREY, LEGEND_ABOVE, ORANGE, RC

MOST = 2000
"""Requests that are drawn; of more, every so many-th."""

WAITING: dict[str, Any] = {"color": "#8b949e"}

ROWS = (Row(height=3.0, below=0.12), Row(height=1.2, below=0.12), Row(height=1.2))


def timeline_figure(
    title: str, client: pd.DataFrame, steps: pd.DataFrame, footnote: str, until: float | None = None
) -> Figure:
    """The figure; ``client`` and ``steps`` are the tables of one load point that was measured.

    Args:
        title: the load point in words.
        client: each request, as its sender saw it.
        steps: the server's engine steps.
        footnote: the machine.
        until: how long the axis of time is; None: as long as the load.
    """
    with mpl.rc_context(RC):
        figure, axes = framed(title, [], ROWS, [footnote])
        panels = [row[0] for row in axes]
        draw_requests(panels[0], client)
        draw_queue(panels[1], client, steps)
        draw_tokens(panels[2], steps)
        for ax in panels:
            ax.tick_params(length=0, pad=6)
            ax.legend(**LEGEND_ABOVE, ncols=4)
        seconds = load_seconds(client, steps)
        draw_clock(panels, seconds, until or seconds, "seconds from the first request's sending")
        return figure


def load_seconds(client: pd.DataFrame, steps: pd.DataFrame) -> float:
    """When the last answer was there, and the last step done."""
    ends = [(client["sent_s"] + client["e2el_s"]).max(), client["sent_s"].max(), steps["finished_s"].max()]
    return float(max((end for end in ends if pd.notna(end)), default=0.0))


def draw_requests(ax: Axes, client: pd.DataFrame) -> None:
    """A line a request: until its first token, then until its last one."""
    rows = client.sort_values("sent_s", kind="stable").reset_index(drop=True)
    shown = rows.iloc[:: -(-len(rows) // MOST)]
    done, failed = shown[shown["error"].isna()], shown[shown["error"].notna()]
    first = done["sent_s"] + done["ttft_s"]
    width = min(8.0, max(1.0, 100 / max(len(rows), 1)))
    ax.hlines(done.index, done["sent_s"], first, lw=width, label="until the first token", **WAITING)
    last = done["sent_s"] + done["e2el_s"]
    if (last > first).any():
        ax.hlines(done.index, first, last, lw=width, color=GREEN, label="further tokens")
    ax.plot(first, done.index, ".", ms=3, color=BLUE, label="first token")
    if len(failed):
        ax.plot(failed["sent_s"], failed.index, "x", color=ORANGE, label="failed")
    ax.set_ylim(len(rows) - 0.5, -0.5)  # a single one has an axis too
    if len(rows) > 1:
        ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    else:
        ax.set_yticks(rows.index)
    head(ax, "Requests, in the order of sending")


def draw_queue(ax: Axes, client: pd.DataFrame, steps: pd.DataFrame) -> None:
    """Requests under way as the client has it, and running and waiting as the scheduler has it."""
    done = client[client["error"].isna()]
    times = np.concatenate([done["sent_s"], done["sent_s"] + done["e2el_s"]])
    change = np.concatenate([np.ones(len(done)), -np.ones(len(done))])
    order = np.argsort(times, kind="stable")
    under_way = np.cumsum(change[order])
    ax.step(times[order], under_way, where="post", color=GREY, lw=1.2, label="under way (client)")
    at = steps["scheduled_s"]
    ax.step(at, steps["running"], where="post", color=BLUE, lw=1.2, label="running (server)")
    ax.step(at, steps["waiting"], where="post", color=ORANGE, lw=1.2, label="waiting (server)")
    top = max(under_way.max(initial=1), *steps[["running", "waiting"]].max().fillna(0))
    ax.set_ylim(0, 1.1 * top)
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    head(ax, "Requests")


def draw_tokens(ax: Axes, steps: pd.DataFrame) -> None:
    """A bar a step of the engine: the tokens that it computed."""
    width = (steps["finished_s"] - steps["scheduled_s"]).to_numpy()
    bars: dict[str, Any] = {"align": "edge", "width": width, "linewidth": 0}
    ax.bar(steps["scheduled_s"], steps["prefill_tokens"], color=BLUE, label="of prompts", **bars)
    if steps["decode_tokens"].any():
        ax.bar(
            steps["scheduled_s"], steps["decode_tokens"], bottom=steps["prefill_tokens"], color=ORANGE,
            label="of answers", **bars,
        )  # fmt: skip
    tokens = (steps["prefill_tokens"] + steps["decode_tokens"]).max()
    ax.set_ylim(0, 1.1 * tokens if tokens > 0 else 1.0)
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(plain_numbers())
    head(ax, "Tokens of each engine step")
