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

from batchscope.reporting.figure import footnote_lines, write_footnote, write_title
from batchscope.reporting.style import GREY, INK, LEGEND_ABOVE, PALETTE, RC
from batchscope.reports.memory.frame import MEMORY_LINES
from batchscope.reports.memory.page import MemoryProfile

COLORS = dict(zip(MEMORY_LINES, (*PALETTE[:4], "#a5abb3"), strict=True))
UNITS = ((1e9, "GB"), (1e6, "MB"))
LABELLED = 0.04
"""Parts from this share of the longest bar on have their size in them."""

LEFT, RIGHT = 0.165, 0.985


def memory_figure(profiles: Sequence[MemoryProfile], footnote: Sequence[str]) -> Figure:
    """Two bars a run, then a panel for each run whose allocator has a history."""
    histories = [profile for profile in profiles if profile.timeline is not None]
    heights = [1.0 * len(profiles), *(1.8 for _ in histories)]
    inches = 2.4 + sum(heights) + 0.9 * len(histories)
    with mpl.rc_context(RC):
        figure = Figure(figsize=(14, inches))
        write_title(figure, ["What takes the device's memory"], 1 - 0.25 / inches, left=0.02)
        write_footnote(figure, footnote_lines(footnote, most=3), 0.15 / inches, left=0.02)
        grid = {"left": LEFT, "right": RIGHT, "bottom": 1.0 / inches, "top": 1 - 1.0 / inches}
        spacing = {"height_ratios": heights, "hspace": 0.9 * len(heights) / sum(heights)}
        panels = figure.subplots(len(heights), 1, squeeze=False, gridspec_kw={**grid, **spacing})[:, 0]
        draw_lines(panels[0], profiles)
        for ax, profile in zip(panels[1:], histories, strict=True):
            draw_history(ax, profile)
        return figure


def draw_lines(ax: Axes, profiles: Sequence[MemoryProfile]) -> None:
    """Measured and predicted, line by line."""
    bars = {
        f"{profile.memory['run']}, {kind}": profile.frame[kind].fillna(0)
        for profile in profiles
        for kind in ("measured", "predicted")
    }
    longest = max(sizes.sum() for sizes in bars.values())
    unit, name = unit_of(longest)
    for place, (label, sizes) in enumerate(bars.items()):
        faint = 1 if label.endswith("measured") else 0.65
        left = 0.0
        for line, width in (sizes / unit).items():
            ax.barh(place, width, left=left, height=0.7, color=COLORS[str(line)], alpha=faint)
            if width * unit >= LABELLED * longest:
                ink = INK if line == "other" else "white"
                middle = left + width / 2
                ax.text(middle, place, f"{width:,.3g}", ha="center", va="center", color=ink, fontsize=9)
            left += width
    ax.set_yticks(range(len(bars)), list(bars))
    ax.invert_yaxis()
    ax.set_xlabel(f"{name} (no prediction for CUDA graphs and other)")
    ax.tick_params(length=0, pad=7)
    colors = [Patch(color=color) for color in COLORS.values()]
    ax.legend(colors, list(COLORS), ncols=len(COLORS), **LEGEND_ABOVE)


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
        write_beside(ax, edges[gap], "\nevents before: not kept")
    ax.set_xticks(
        np.arange(len(parts)) + 0.5, [f"{end - first:,} events" for first, end in parts.values()], fontsize=9
    )
    ax.tick_params(axis="x", length=0)
    ax.set_ylim(0, 1.35 * max(held.max(initial=0) / unit, 1e-9))
    ax.set_xlim(0, max(len(parts), 1))
    ax.set_ylabel(f"{name} beside\nKV cache")
    ax.set_xlabel("the allocator's history; the scale is each part's own")
    ax.set_title(f"{profile.memory['run']}, tensors", loc="left", fontsize=11)


def write_beside(ax: Axes, x: float, text: str) -> None:
    """To the right of a vertical line, at its top."""
    ax.annotate(
        text, (x, 1), (5, -3), xycoords=ax.get_xaxis_transform(), textcoords="offset points", va="top",
        fontsize=9, color=GREY,
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
