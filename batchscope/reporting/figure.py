"""What all figures of reports have in common: title, legend, rows of panels, footnote; or nothing to show.

A figure is as high as what is in it: nothing lies over anything else, and no room is left empty. To be used
within ``mpl.rc_context(RC)``.
"""

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import matplotlib as mpl
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from batchscope.reporting.style import (
    AFTER,
    FOOTNOTE,
    GREY,
    HOLLOW,
    LEFT,
    LEGEND,
    RIGHT,
    SMALL,
    TITLE,
    WIDTH,
    SeriesStyle,
)

TITLE_WIDTH, FOOTNOTE_WIDTH = 70, 106
"""Characters of a line."""

TITLE_LINE, FOOTNOTE_LINE, EDGE, BETWEEN = 0.27, 0.2, 0.15, 0.14
"""Inches: of a line of the title and of the footnote, at the figure's edges, and between its parts."""

AT_A_GLANCE = 8
"""Windows share an axis of time, if the longest is no more than so many times as long as the shortest."""

NO_BREAK = "\u00a0"

Sheet = TypeVar("Sheet")
"""What the panels of a figure draw from."""


@dataclass(frozen=True)
class Row:
    """Panels side by side; sizes are inches."""

    panels: int = 1
    height: float = 2.9
    below: float = 0.6
    """for ticks, the axis's name and a legend"""
    above: float = 0.35
    """for the panels' titles"""
    left: float = LEFT
    apart: float = 0.24
    """room between two panels, as a share of a panel"""
    widths: Sequence[float] | None = None

    @property
    def inches(self) -> float:
        """All of it."""
        return self.above + self.height + self.below


def panel_inches(panels: int) -> float:
    """How wide each of so many panels in one row is."""
    return (RIGHT - LEFT) * WIDTH / (panels + Row.apart * (panels - 1))


def framed(
    title: str, handles: Sequence[Artist], rows: Sequence[Row], footnote: Iterable[str], most: int | None = 9
) -> tuple[Figure, list[list[Axes]]]:
    """A figure with its title, legend and footnote, and the empty axes of each row.

    Args:
        title: is broken into lines.
        handles: of the legend; none: no legend.
        rows: from top to bottom.
        footnote: sentences.
        most: lines of the footnote that there is room for.
    """
    head, foot = title_lines(title), footnote_lines(footnote, most)
    figure = Figure(figsize=(WIDTH, 4))
    legend, legend_inches = _legend(figure, handles)
    top = EDGE + TITLE_LINE * len(head) + BETWEEN
    under = top + legend_inches + (BETWEEN if handles else 0)
    height = under + sum(row.inches for row in rows) + FOOTNOTE_LINE * len(foot) + 2 * EDGE
    figure.set_size_inches(WIDTH, height)
    figure.text(LEFT, 1 - EDGE / height, "\n".join(head), va="top", **TITLE)
    figure.text(LEFT, EDGE / height, "\n".join(foot), va="bottom", linespacing=1.35, **FOOTNOTE)
    if legend:
        legend.set_bbox_to_anchor((LEFT, 1 - top / height), transform=figure.transFigure)
    axes = []
    for row in rows:
        axes.append(_axes(figure, row, under, height))
        under += row.inches
    return figure, axes


def _legend(figure: Figure, handles: Sequence[Artist]) -> tuple[Any, float]:
    """The figure's legend in as few rows as fit its width, and its inches."""
    room = (RIGHT - LEFT) * WIDTH
    for columns in range(len(handles), 0, -1):
        legend = figure.legend(handles=handles, ncols=columns, bbox_to_anchor=(LEFT, 1), **LEGEND)
        box = legend.get_window_extent()
        if box.width / figure.dpi <= room or columns == 1:
            return legend, box.height / figure.dpi
        legend.remove()
    return None, 0.0


def _axes(figure: Figure, row: Row, under: float, height: float) -> list[Axes]:
    """A row's panels, ``under`` so many inches from the top."""
    if not row.panels:
        return []
    grid = figure.add_gridspec(
        1,
        row.panels,
        left=row.left,
        right=RIGHT,
        top=1 - (under + row.above) / height,
        bottom=1 - (under + row.above + row.height) / height,
        wspace=row.apart,
        width_ratios=row.widths,
    )
    return [figure.add_subplot(grid[0, place]) for place in range(row.panels)]


def title_lines(text: str) -> list[str]:
    """A title, broken into lines."""
    return textwrap.wrap(text, TITLE_WIDTH)


def footnote_lines(sentences: Iterable[str], most: int | None = None) -> list[str]:
    """Sentences, each broken into lines, but never before a % sign; the first ``most`` lines of them all."""
    whole = (sentence.replace(" %", f"{NO_BREAK}%") for sentence in sentences)
    lines = (line for sentence in whole for line in textwrap.wrap(sentence, FOOTNOTE_WIDTH))
    return [line.replace(NO_BREAK, " ") for line in lines][:most]


def head(ax: Axes, text: str, color: str | None = None, loc: Any = "left") -> None:
    """Write a panel's title."""
    ax.set_title(text, loc=loc, pad=9, color=color or mpl.rcParams["text.color"])


def draw_panels(panels: Iterable[Callable[[Axes, Sheet], None]], axes: Iterable[Axes], sheet: Sheet) -> None:
    """Let each panel draw into its axes."""
    for panel, ax in zip(panels, axes, strict=True):
        panel(ax, sheet)
        ax.tick_params(length=0, pad=6)


def each_series(
    runs: pd.DataFrame, styles: Mapping[str, SeriesStyle], along: str
) -> Iterator[tuple[str, SeriesStyle, pd.DataFrame]]:
    """Name, style and runs of each series.

    Args:
        runs: a row a run, with its ``series``.
        styles: by series, in the order of drawing.
        along: the column that a series goes along.
    """
    for name, style in styles.items():
        yield name, style, runs[runs["series"] == name].sort_values(along, kind="stable")


def per_prompt(layout: str, n: object = None) -> str:
    """A layout in a figure: ``1 per prompt``, ``40 per prompt``, ``n per prompt`` where n is on the axis."""
    return "1 per prompt" if layout == "separate" else f"{n or 'n'} per prompt"


def clocks(seconds: Sequence[float]) -> list[float]:
    """How long each window's axis of time is: windows that may be held against each other have one clock.

    The longest and all that are not too short beside it share its length; so do those that are left.
    """
    ends: dict[float, float] = {}
    longest = 0.0
    for each in sorted(seconds, reverse=True):
        if longest == 0 or longest > AT_A_GLANCE * each:
            longest = each
        ends[each] = longest
    return [ends[each] for each in seconds]


def draw_clock(axes: Sequence[Axes], seconds: float, until: float, words: str) -> None:
    """One axis of time for panels below each other; grey where the window has ended already."""
    for ax in axes:
        set_clock(ax, seconds, until)
    for ax in axes[:-1]:
        ax.tick_params(labelbottom=False)
    axes[-1].set_xlabel(words + (ENDED if until > seconds else ""))


ENDED = "; grey: ended"
"""What is said of an axis of time that goes on after a window's end."""


def set_clock(ax: Axes, seconds: float, until: float) -> None:
    """A panel's axis of time, from 0 to ``until``; grey from ``seconds`` on, where the window has ended."""
    ax.set_xlim(0, until or 1.0)
    ax.grid(axis="both")
    if until > seconds:
        ax.axvspan(seconds, until, color=AFTER, lw=0, zorder=0)


def interval_handle(words: str) -> Line2D:
    """The legend's line for intervals."""
    return Line2D([], [], ls="", marker="|", ms=12, mew=1.4, color=GREY, label=words)


def not_counted_handle() -> Line2D:
    """The legend's line for runs that are shown and do not count."""
    return Line2D([], [], label="not counted", marker="o", mec=GREY, **HOLLOW)


def plain_numbers() -> FuncFormatter:
    """A formatter of ticks: with separators, without an exponent and without zeros at the end."""
    return FuncFormatter(lambda value, _: f"{value:,.10g}")


def nothing_to_show(title: str, lines: Sequence[str], footnote: Iterable[str]) -> Figure:
    """A low figure without panels; ``lines`` say why there is nothing to show."""
    wrapped = [part for line in lines for part in textwrap.wrap(line, FOOTNOTE_WIDTH) or [""]]
    row = Row(0, height=0.24 * len(wrapped), below=0.2, above=0)
    figure, _ = framed(title, [], [row], footnote)
    top = EDGE + TITLE_LINE * len(title_lines(title)) + BETWEEN
    figure.text(
        LEFT, 1 - top / figure.get_figheight(), "\n".join(wrapped), va="top", fontsize=SMALL + 0.5,
        linespacing=1.4,
    )  # fmt: skip
    return figure
