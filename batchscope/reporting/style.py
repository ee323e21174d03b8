"""How all figures look: colours, markers, sizes and kinds of lines; and how a figure is written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#6e7781", "#24292f"
PALETTE = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's colours: told apart by colour-blind readers; markers differ too."""

LEFT = 0.055
"""Where title, panels and footnote begin, as a share of the width."""

PAD = 1.5
"""A logarithmic x axis goes on by this factor on both sides."""

MARKERS = "osD^vP"
FIXED = {"packed": (BLUE, "o"), "separate": (ORANGE, "s")}
"""The layouts look the same in every figure."""

RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.axisbelow": True,
    "grid.color": "#e3e6ea",
    "svg.fonttype": "none",  # text stays text: searchable, and read aloud
    "svg.hashsalt": "batchscope",  # equal data, equal bytes
}


TITLE: dict[str, Any] = {"fontsize": 16, "fontweight": "bold"}
FOOTNOTE: dict[str, Any] = {"fontsize": 9.5, "color": GREY, "linespacing": 1.5}
LEGEND: dict[str, Any] = {
    "loc": "upper left", "frameon": False, "borderaxespad": 0, "borderpad": 0.2, "columnspacing": 1.8,
}  # fmt: skip
LEGEND_ABOVE: dict[str, Any] = {
    "loc": "lower left",
    "bbox_to_anchor": (0, 1.02),
    "frameon": False,
    "borderaxespad": 0,
    "borderpad": 0,
    "handlelength": 1.0,
    "handletextpad": 0.4,
    "fontsize": 9.5,
}
"""In one row, above a panel that has no title."""

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
HOLLOW: dict[str, Any] = {"ls": "", "ms": 9, "mfc": "white", "mew": 1.6}


@dataclass(frozen=True)
class SeriesStyle:
    """Colour and marker of one series."""

    color: str
    marker: str


def save(figure: Figure, png: Path, svg: Path) -> None:
    """Write both files; the same data gives the same SVG, byte for byte."""
    with mpl.rc_context(RC):
        figure.savefig(png, format="png", dpi=160, facecolor="white")
        figure.savefig(svg, format="svg", facecolor="white", metadata={"Date": None})
