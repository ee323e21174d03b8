"""How all figures look: colours, markers, sizes and kinds of lines; and how a figure is written."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY, INK = "#0072B2", "#D55E00", "#00837A", "#6e7781", "#24292f"
PALETTE = (BLUE, ORANGE, GREEN, "#AA4499", "#7A5C00", "#332288")
"""Each has a contrast of 3:1 with white at least; markers differ too, for colour-blind readers."""

AFTER = "#eef0f2"
"""Behind a panel: the time after the end."""

WIDTH = 10.0
"""Inches of every figure: 960 pixels of a page, where the smallest text still has 10 points."""

LEFT, RIGHT = 0.085, 0.985
"""Where title, panels and footnote begin, and where they end, as shares of the width."""

SMALL = 10.5
"""Points of the smallest text."""

PAD = 1.5
"""A logarithmic x axis goes on by this factor on both sides."""

MARKERS = "osD^vP"
FIXED = {"packed": (BLUE, "o"), "separate": (ORANGE, "s")}
"""The layouts look the same in every figure."""

RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 11.5,
    "axes.titlesize": 12,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.axisbelow": True,
    "grid.color": "#e3e6ea",
    "svg.fonttype": "none",  # text stays text: searchable, and read aloud
    "svg.hashsalt": "batchscope",  # equal data, equal bytes
}


TITLE: dict[str, Any] = {"fontsize": 15, "fontweight": "bold"}
FOOTNOTE: dict[str, Any] = {"fontsize": SMALL, "color": GREY}
LEGEND: dict[str, Any] = {
    "loc": "upper left", "frameon": False, "borderaxespad": 0, "borderpad": 0, "columnspacing": 1.6,
    "handlelength": 1.8, "handletextpad": 0.5, "fontsize": 11,
}  # fmt: skip
LEGEND_BELOW: dict[str, Any] = LEGEND | {"fontsize": SMALL}
"""Under a panel; nothing of a legend lies over data."""

LEGEND_ABOVE: dict[str, Any] = {
    "loc": "lower right", "bbox_to_anchor": (1, 1.02), "frameon": False, "borderaxespad": 0, "borderpad": 0,
    "handlelength": 1.2, "handletextpad": 0.4, "columnspacing": 1.2, "fontsize": SMALL,
}  # fmt: skip
"""In one row, on the right above a panel whose title is short."""

MEDIAN: dict[str, Any] = {"lw": 1.8, "ms": 9, "mec": "white", "mew": 1.2}
INTERVAL: dict[str, Any] = {"lw": 1.4}
PUBLISHED: dict[str, Any] = {
    "ls": "--",
    "lw": 1.2,
    "marker": "x",
    "ms": 8,
    "mew": 2,
    "color": INK,
    "zorder": 6,
}
CHANCE: dict[str, Any] = {"color": GREY, "lw": 1.2, "ls": (0, (5, 3))}
"""What always answering the commonest label would reach."""

HOLLOW: dict[str, Any] = {"ls": "", "ms": 9, "mfc": "white", "mew": 1.6}


@dataclass(frozen=True)
class SeriesStyle:
    """Colour and marker of one series."""

    color: str
    marker: str


def free_styles(taken: Collection[tuple[str, str]] = tuple(FIXED.values())) -> Iterator[SeriesStyle]:
    """Styles without end: no pair of a colour and a marker comes again before all have come.

    Args:
        taken: pairs that are left out.
    """
    turns = range(len(MARKERS))
    pairs = [
        (color, MARKERS[(place + turn) % len(MARKERS)])
        for turn in turns
        for place, color in enumerate(PALETTE)
    ]
    return cycle(SeriesStyle(*pair) for pair in pairs if pair not in taken)


def save(figure: Figure, png: Path, svg: Path) -> None:
    """Write both files; the same data gives the same SVG, byte for byte."""
    with mpl.rc_context(RC):
        figure.savefig(png, format="png", dpi=160, facecolor="white")
        figure.savefig(svg, format="svg", facecolor="white", metadata={"Date": None})
