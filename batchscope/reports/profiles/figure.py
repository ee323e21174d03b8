"""The figure of profiles: the window by class, and where the device is idle, step by step.

To add a panel, write a function that draws into an axes and put it into `PANELS`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from batchscope.profiling.kernel_classes import CLASSES, IDLE, Rule, steps_by_class
from batchscope.reporting.figure import Row, draw_panels, framed, head
from batchscope.reporting.style import GREY, INK, LEGEND_BELOW, PALETTE, RC, SMALL
from batchscope.reports.profiles.frame import Profile, class_frame

COLORS = dict(zip(CLASSES, (*PALETTE, "#8a3b12", GREY, "white"), strict=True))
"""Nine classes: the palette, one colour more, grey for other; idle is hatched."""

INSIDE = INK
"""Idle while a step runs; no class of kernels has its colour."""

LABELLED = 0.055
"""Shares from here on stand in their bar."""


@dataclass(frozen=True)
class Sheet:
    """What every panel draws from."""

    profiles: Sequence[Profile]
    shares: list[pd.Series]
    """of each class, by capture"""
    steps: list[pd.DataFrame]
    """`steps_by_class`, by capture"""


def profiles_figure(profiles: Sequence[Profile], rules: Sequence[Rule], footnote: Sequence[str]) -> Figure:
    """The figure of all captures; ``footnote``: what they were made on."""
    sheet = Sheet(
        profiles,
        [class_frame(profile, rules)["share"] for profile in profiles],
        [steps_by_class(profile.events, profile.steps, rules) for profile in profiles],
    )
    row = Row(2, height=0.7 * len(profiles), below=0.95, left=0.2, apart=0.18, widths=(3, 2))
    with mpl.rc_context(RC):
        handles = [Patch(label=name, **filled(name)) for name in CLASSES]
        figure, (axes,) = framed("Where the time inside engine steps goes", handles, [row], footnote)
        draw_panels(PANELS, axes, sheet)
        names = [f"{each.run}\n{each.profiler}" for each in profiles]
        axes[0].set_yticks(range(len(profiles)), names, fontsize=SMALL)
        axes[1].set_yticks([])
        for ax in axes:
            ax.set_ylim(len(profiles) - 0.5, -0.5)
        return figure


def filled(name: str) -> dict[str, Any]:
    """How a class is drawn."""
    if name == IDLE:
        return {"facecolor": "white", "edgecolor": GREY, "hatch": "////", "lw": 1.0}
    return {"facecolor": COLORS[name], "edgecolor": "white", "lw": 1.0}


def draw_classes(ax: Axes, sheet: Sheet) -> None:
    """One bar a capture: its window, class by class."""
    left = np.zeros(len(sheet.profiles))
    for name in CLASSES:
        widths = np.array([100 * shares[name] for shares in sheet.shares])
        ax.barh(range(len(widths)), widths, left=left, height=0.62, **filled(name))
        for place, (start, width) in enumerate(zip(left, widths, strict=True)):
            if width >= 100 * LABELLED:
                plain = {"color": INK, "bbox": PAPER} if name == IDLE else {"color": "white"}
                middle, share = start + width / 2, f"{width:.0f}"
                ax.text(middle, place, share, ha="center", va="center", fontsize=SMALL, **plain)
        left += widths
    ax.set_xlim(0, 100)
    head(ax, "The window (%)")


PAPER = {"fc": "white", "ec": "none", "pad": 1.5}
"""Under a number on a hatched bar."""


def draw_idle(ax: Axes, sheet: Sheet) -> None:
    """Thin bars within each capture's row, one a step: idle while it runs, and until the next one begins."""
    for place, steps in enumerate(sheet.steps):
        height = 0.62 / len(steps)
        rows = place - 0.31 + height * (np.arange(len(steps)) + 0.5)
        period = steps[list(CLASSES)].sum(axis="columns")
        inside, behind = (100 * steps[name] / period for name in ("idle_inside", "idle_behind"))
        labels = ("while the step runs", "between steps") if place == 0 else (None, None)
        ax.barh(rows, inside, height=0.85 * height, color=INSIDE, label=labels[0])
        ax.barh(rows, behind, left=inside, height=0.85 * height, **filled(IDLE), label=labels[1])
    ax.set_xlim(left=0)
    head(ax, "Idle (% of each step)")
    ax.set_xlabel("a bar a step")
    ax.legend(bbox_to_anchor=(0, -46 / (72 * 0.7 * len(sheet.profiles))), **LEGEND_BELOW)


PANELS: tuple[Callable[[Axes, Sheet], None], ...] = (draw_classes, draw_idle)
