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

from batchscope.reporting.figure import write_footnote, write_title
from batchscope.reporting.style import BLUE, GREY, LEFT, ORANGE, RC

MOST = 2000
"""Requests that are drawn; of more, every so many-th."""

WAITING: dict[str, Any] = {"color": "#c9d1d9"}


def timeline_figure(title: str, client: pd.DataFrame, steps: pd.DataFrame, footnote: str) -> Figure:
    """The figure; ``client`` and ``steps`` are the tables of one load point that was measured."""
    with mpl.rc_context(RC):
        figure = Figure(figsize=(14, 9))
        write_title(figure, [title], 0.975)
        write_footnote(figure, [footnote], 0.015)
        grid = {"left": LEFT, "right": 0.985, "bottom": 0.11, "top": 0.88, "hspace": 0.32}
        panels = figure.subplots(3, 1, sharex=True, gridspec_kw={**grid, "height_ratios": [3, 1, 1]})
        draw_requests(panels[0], client)
        draw_queue(panels[1], client, steps)
        draw_tokens(panels[2], steps)
        for ax in panels:
            ax.grid(axis="both")
            ax.tick_params(length=0, pad=7)
            ax.legend(frameon=False, fontsize=9, loc="upper right")
        panels[-1].set_xlim(left=0)
        panels[-1].set_xlabel("seconds from the first request's sending")
        return figure


def draw_requests(ax: Axes, client: pd.DataFrame) -> None:
    """A line a request: until its first token, then until its last one."""
    rows = client.sort_values("sent_s", kind="stable").reset_index(drop=True)
    shown = rows.iloc[:: -(-len(rows) // MOST)]
    done, failed = shown[shown["error"].isna()], shown[shown["error"].notna()]
    first = done["sent_s"] + done["ttft_s"]
    ax.hlines(done.index, done["sent_s"], first, lw=1.2, label="until the first token", **WAITING)
    ax.hlines(done.index, first, done["sent_s"] + done["e2el_s"], lw=1.2, color=BLUE, label="further tokens")
    ax.plot(first, done.index, ".", ms=3, color=BLUE, label="first token")
    if len(failed):
        ax.plot(failed["sent_s"], failed.index, "x", color=ORANGE, label="failed")
    ax.invert_yaxis()
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_title("Requests, in the order of their sending", loc="left")


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
    ax.set_ylim(bottom=0)
    ax.set_title("Requests", loc="left")


def draw_tokens(ax: Axes, steps: pd.DataFrame) -> None:
    """A bar a step of the engine: the tokens that it computed."""
    width = (steps["finished_s"] - steps["scheduled_s"]).to_numpy()
    bars: dict[str, Any] = {"align": "edge", "width": width, "linewidth": 0}
    ax.bar(steps["scheduled_s"], steps["prefill_tokens"], color=BLUE, label="of prompts", **bars)
    ax.bar(
        steps["scheduled_s"], steps["decode_tokens"], bottom=steps["prefill_tokens"], color=ORANGE,
        label="of answers", **bars,
    )  # fmt: skip
    ax.set_title("Tokens in each engine step", loc="left")
