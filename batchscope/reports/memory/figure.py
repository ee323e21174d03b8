"""The figure of memory: what takes it, measured beside predicted, and how it came to that."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from batchscope.reporting.figure import Row, framed, head
from batchscope.reporting.style import GREY, INK, PALETTE, RC, SMALL
from batchscope.reports.memory.frame import MEMORY_LINES
from batchscope.reports.memory.page import MemoryProfile

COLORS = dict(zip(MEMORY_LINES, (*PALETTE[:4], GREY), strict=True))
UNITS = ((1e9, "GB"), (1e6, "MB"))
LABELLED = 0.07
"""Parts from this share of the longest bar on have their size in them."""

LEFT = 0.2
"""Where bars and curves begin, as a share of the width: runs stand before them."""


def memory_figure(profiles: Sequence[MemoryProfile], footnote: Sequence[str]) -> Figure:
    """Two bars a run, then a panel for each run whose allocator has a history."""
    histories = [profile for profile in profiles if profile.timeline is not None]
    rows = [Row(height=0.9 * len(profiles), above=0.1, left=LEFT)]
    rows += [Row(height=1.5, below=0.65, above=0.4, left=LEFT) for _ in histories]
    handles = [Patch(color=color, label=name) for name, color in COLORS.items()]
    with mpl.rc_context(RC):
        figure, axes = framed("What takes the device's memory", handles, rows, footnote)
        panels = [row[0] for row in axes]
        draw_lines(panels[0], profiles)
        for ax, profile in zip(panels[1:], histories, strict=True):
            draw_history(ax, profile)
        return figure


def draw_lines(ax: Axes, profiles: Sequence[MemoryProfile]) -> None:
    """Measured and predicted, line by line."""
    bars = {
        f"{profile.memory['run']}\n{kind}": profile.frame[kind].fillna(0)
        for profile in profiles
        for kind in ("measured", "predicted")
    }
    longest = max(sizes.sum() for sizes in bars.values())
    unit, name = unit_of(longest)
    for place, (label, sizes) in enumerate(bars.items()):
        hatch = None if label.endswith("measured") else "////"
        left = 0.0
        for line, width in (sizes / unit).items():
            color = COLORS[str(line)]
            filled: dict[str, Any] = (
                {"ec": "white", "color": color} if hatch is None else {"fc": "white", "ec": color}
            )
            ax.barh(place, width, left=left, height=0.7, hatch=hatch, lw=1.2, **filled)
            if width * unit >= LABELLED * longest:
                plain = {"color": "white"} if hatch is None else {"color": INK, "bbox": PAPER}
                middle, size = left + width / 2, f"{width:,.3g}"
                ax.text(middle, place, size, ha="center", va="center", fontsize=SMALL, **plain)
            left += width
    ax.set_yticks(range(len(bars)), list(bars), fontsize=SMALL)
    ax.invert_yaxis()
    ax.set_xlabel(f"{name}; hatched: predicted (CUDA graphs and other have no prediction)")
    ax.tick_params(length=0, pad=6)


PAPER = {"fc": "white", "ec": "none", "pad": 1.5}
"""Under a number on a hatched bar."""


def draw_history(ax: Axes, profile: MemoryProfile) -> None:
    """What tensors hold, event by event: time would show the engine's pauses, and little else.

    Each part of the history is as wide as every other; by the number of events CUDA graphs would take it all.
    """
    if profile.timeline is None:
        return
    times, figures = profile.timeline["time_s"].to_numpy(), profile.memory["figures"]
    held = beside_kv_cache(profile.timeline, figures)
    parts = parts_of_history(times, figures["moments"])
    edges = np.append(places_of_events(parts), len(parts))
    missing = profile.memory.get("not_kept")
    gap = int(times.searchsorted(missing[1])) if missing else 0
    unit, name = unit_of(held.max(initial=0))
    for first, end in ((0, gap), (gap, len(held))):
        if first < end:
            curve = np.append(held[first:end], held[end - 1]) / unit
            ax.plot(edges[first : end + 1], curve, color=PALETTE[0], lw=0.8, drawstyle="steps-post")
    for place, part in enumerate(parts):
        ax.axvline(place, color=GREY, lw=0.8, ls=":")
        write_beside(ax, place, part)
    if gap:
        ax.axvline(edges[gap], color=INK, lw=1.2, ls=(0, (6, 4)))
        write_beside(ax, edges[gap], "before: not kept", line=1)
    ax.set_xticks(
        np.arange(len(parts)) + 0.5,
        [f"{end - first:,} events" for first, end in parts.values()],
        fontsize=SMALL,
    )
    ax.tick_params(axis="x", length=0)
    ax.set_ylim(0, 1.5 * max(held.max(initial=0) / unit, 1e-9))
    ax.set_xlim(0, max(len(parts), 1))
    ax.set_ylabel(f"{name} beside\nKV cache")
    ax.set_xlabel("the allocator's history; the scale is each part's own")
    head(ax, f"{profile.memory['run']}, tensors")


def write_beside(ax: Axes, x: float, text: str, line: int = 0) -> None:
    """To the right of a vertical line, so many lines below its top."""
    ax.annotate(
        text, (x, 1), (5, -3 - 14 * line), xycoords=ax.get_xaxis_transform(),
        textcoords="offset points", va="top", fontsize=SMALL, color=GREY,
    )  # fmt: skip


def parts_of_history(times: NDArray[np.float64], moments: Mapping[str, float]) -> dict[str, tuple[int, int]]:
    """Which events lie between a moment and the next: the first, and the one after the last.

    A part that has no events is left out; what was before all moments belongs to the first of them.

    Args:
        times: Of the events, in ascending order.
        moments: When each part began, likewise.
    """
    ends = [*times.searchsorted(list(moments.values())[1:]), len(times)]
    firsts = [0, *ends[:-1]]
    return {
        name: (int(first), int(end))
        for name, first, end in zip(moments, firsts, ends, strict=True)
        if first < end
    }


def places_of_events(parts: Mapping[str, tuple[int, int]]) -> NDArray[np.float64]:
    """Where each event stands, if each of `parts_of_history` is 1 wide, its events at equal distances."""
    widths = [end - first for first, end in parts.values()]
    return np.concatenate(
        [np.zeros(0), *(place + np.arange(width) / width for place, width in enumerate(widths))]
    )


def beside_kv_cache(timeline: pd.DataFrame, figures: Mapping[str, Any]) -> NDArray[np.float64]:
    """Bytes that tensors hold without the KV cache, beside which all else would be flat.

    While it is allocated, piece by piece, the curve stays where it was.
    """
    held = timeline["allocated_bytes"].to_numpy(dtype=float)
    times, moments = timeline["time_s"], figures["moments"]
    first, last = (times.searchsorted(moments[name]) for name in ("KV cache", "CUDA graphs"))
    as_before = np.full(last - first, held[first - 1] if first else 0.0)
    return np.concatenate([held[:first], as_before, held[last:] - figures["kv_cache"]])


def unit_of(size: float) -> tuple[float, str]:
    """Bytes of the unit that fits, and its name."""
    return next((unit for unit in UNITS if size >= unit[0]), UNITS[-1])
