"""The figure of profiles: the window by class, and where the device is idle, step by step.

To add a panel, write a function that draws into an axes and put it into `PANELS`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from batchscope.profiling.kernel_classes import CLASSES, IDLE, Rule, steps_by_class
from batchscope.reporting.figure import draw_panels, footnote_lines, write_footnote, write_title
from batchscope.reporting.style import GREY, INK, LEGEND_ABOVE, PALETTE, RC
from batchscope.reports.profiles.frame import Profile, class_frame

COLORS = dict(zip(CLASSES, (*PALETTE, "#332288", "#a5abb3", "#e9ecef"), strict=True))
"""Nine classes: the six colours that are told apart, one more, and two greys for other and idle."""

INSIDE, BEHIND = PALETTE[4], GREY
LABELLED = 0.04
"""Shares from here on stand in their bar."""

LEFT = 0.165


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
    with mpl.rc_context(RC):
        inches = 2.6 + 0.75 * len(profiles)
        figure = Figure(figsize=(14, inches))
        write_title(figure, ["Where the time inside engine steps goes"], 1 - 0.25 / inches, left=0.02)
        write_footnote(figure, footnote_lines(footnote, most=3), 0.15 / inches, left=0.02)
        grid = {"left": LEFT, "right": 0.985, "bottom": 1.0 / inches, "top": 1 - 1.0 / inches, "wspace": 0.08}
        panels = figure.subplots(1, len(PANELS), sharey=True, gridspec_kw={**grid, "width_ratios": [3, 2]})
        draw_panels(PANELS, panels, sheet)
        panels[0].set_yticks(range(len(profiles)), [f"{each.run}\n{each.profiler}" for each in profiles])
        panels[0].invert_yaxis()
        return figure


def draw_classes(ax: Axes, sheet: Sheet) -> None:
    """One bar a capture: its window, class by class."""
    left = np.zeros(len(sheet.profiles))
    for name in CLASSES:
        widths = np.array([100 * shares[name] for shares in sheet.shares])
        ax.barh(range(len(widths)), widths, left=left, height=0.62, color=COLORS[name], label=name)
        for place, (start, width) in enumerate(zip(left, widths, strict=True)):
            if width >= 100 * LABELLED:
                ink = INK if name in (IDLE, "other", PALETTE[4], "rotary") else "white"
                ax.text(
                    start + width / 2, place, f"{width:.0f}", ha="center", va="center", color=ink, fontsize=9
                )
        left += widths
    ax.set_xlim(0, 100)
    ax.set_xlabel("% of the window")
    ax.legend(ncols=len(CLASSES), columnspacing=1.0, **LEGEND_ABOVE)


def draw_idle(ax: Axes, sheet: Sheet) -> None:
    """Thin bars within each capture's row, one a step: idle while it runs, and until the next one begins."""
    for place, steps in enumerate(sheet.steps):
        height = 0.62 / len(steps)
        rows = place - 0.31 + height * (np.arange(len(steps)) + 0.5)
        period = steps[list(CLASSES)].sum(axis="columns")
        inside, behind = (100 * steps[name] / period for name in ("idle_inside", "idle_behind"))
        labels = ("while the step runs", "between steps") if place == 0 else (None, None)
        ax.barh(rows, inside, height=0.85 * height, color=INSIDE, label=labels[0])
        ax.barh(rows, behind, left=inside, height=0.85 * height, color=BEHIND, label=labels[1])
    ax.set_xlim(left=0)
    ax.set_xlabel("idle, % of each step (one bar a step)")
    ax.legend(ncols=2, columnspacing=1.0, **LEGEND_ABOVE)


PANELS: tuple[Callable[[Axes, Sheet], None], ...] = (draw_classes, draw_idle)
