"""What all figures of reports have in common: title, footnote, panels, series; and one of nothing to show.

Places are shares of the figure's width or height. To be used within ``mpl.rc_context(RC)``.
"""

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from batchscope.reporting.style import FOOTNOTE, GREY, HOLLOW, LEFT, TITLE, SeriesStyle

TITLE_WIDTH, FOOTNOTE_WIDTH = 95, 175
"""Characters of a line, in a figure that is 14 inches wide."""

Sheet = TypeVar("Sheet")
"""What the panels of a figure draw from."""


def title_lines(text: str) -> list[str]:
    """A title, broken into lines."""
    return textwrap.wrap(text, TITLE_WIDTH)


def footnote_lines(sentences: Iterable[str], most: int | None = None) -> list[str]:
    """Sentences, each broken into lines; the first ``most`` lines of them all."""
    return [line for sentence in sentences for line in textwrap.wrap(sentence, FOOTNOTE_WIDTH)][:most]


def write_title(figure: Figure, lines: Sequence[str], top: float, left: float = LEFT) -> None:
    """Write a title below ``top``."""
    figure.text(left, top, "\n".join(lines), va="top", **TITLE)


def write_footnote(figure: Figure, lines: Sequence[str], bottom: float, left: float = LEFT) -> None:
    """Write a footnote above ``bottom``."""
    figure.text(left, bottom, "\n".join(lines), va="bottom", **FOOTNOTE)


def draw_panels(panels: Sequence[Callable[[Axes, Sheet], None]], axes: Iterable[Axes], sheet: Sheet) -> None:
    """Let each panel draw into its axes."""
    for panel, ax in zip(panels, axes, strict=True):
        panel(ax, sheet)
        ax.tick_params(length=0, pad=7)


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


def not_counted_handle() -> Line2D:
    """The legend's line for runs that are shown and do not count."""
    return Line2D([], [], label="not counted", marker="o", mec=GREY, **HOLLOW)


def plain_numbers() -> FuncFormatter:
    """A formatter of ticks: with separators, without an exponent and without zeros at the end."""
    return FuncFormatter(lambda value, _: f"{value:,.10g}")


def nothing_to_show(
    title: Sequence[str],
    lines: Sequence[str],
    footnote: Sequence[str],
    *,
    text_top: float = 0.72,
    linespacing: float | None = 1.5,
) -> Figure:
    """A low figure without panels; ``lines`` say why there is nothing to show.

    ``linespacing``: in line heights; None for that of the font.
    """
    figure = Figure(figsize=(14, 4))
    write_title(figure, title, 0.94)
    figure.text(LEFT, text_top, "\n".join(lines), va="top", fontsize=12, linespacing=linespacing)
    write_footnote(figure, footnote, 0.05)
    return figure
