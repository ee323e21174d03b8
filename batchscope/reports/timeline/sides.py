"""Timelines of one or two runs in one figure: on one clock, with one scale for each quantity.

Each run's clock counts from the start of its own timed window. On a wide figure the runs stand side by side,
on a narrow one each quantity of one run stands above that of the other.
"""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from batchscope.reporting.figure import ENDED, Row, draw_clock, framed, head, set_clock
from batchscope.reporting.style import BLUE, FIXED, GREEN, GREY, INK, SMALL
from batchscope.reports.timeline.frame import Timeline
from batchscope.reports.timeline.panels import Quantity, align, quantities_of

HEIGHT, BELOW = 0.72, 0.08
"""Inches of a panel, and below it."""

HEADING, HEADING_WIDTH = 0.22, 46
"""Inches and characters of a line above a run's column."""

CLOCK = "seconds from the start of the timed window"
CLOCKS = "seconds from the window's start"
"""The same, where there is room for half as much."""

NARROW = 350
"""Pixels of the page that a narrow figure is wide; so many points, so that a letter has its size there."""

QUANTITY, RUN, PANEL, TICKS, GAP, AXIS_NAME = 24, 18, 46, 16, 14, 22
"""Points of a narrow figure: above a quantity, above each run's panel, of the panel, of the ticks below both,
after them, and of the axis's name at the end."""

NARROW_LETTERS = 38
"""Above a panel of a narrow figure: of a run's words, and of what is said of it."""

NARROW_LEFT, NARROW_RIGHT = 48, 16
"""Points beside a narrow figure's panels."""


@dataclass(frozen=True)
class Side:
    """One run of a figure."""

    timeline: Timeline
    words: str
    """what is said above its panels; with one side: nothing"""
    color: str


def colors_of(layouts: Sequence[str]) -> list[str]:
    """Of one or two runs, by their layouts, as in all figures; the second of two alike has another one."""
    wanted = [FIXED[layout][0] if layout in FIXED else BLUE for layout in layouts]
    return wanted if len(set(wanted)) == len(wanted) else [wanted[0], GREEN]


def clock_of(sides: Sequence[Side]) -> float:
    """Seconds that the longest window takes: all are drawn on an axis of that length."""
    return max(side.timeline.seconds for side in sides)


def side_by_side(
    title: str, sides: Sequence[Side], footnote: Iterable[str], until: float | None = None
) -> Figure:
    """A wide figure: a column a run, a row a quantity. To be used within ``mpl.rc_context(RC)``.

    Args:
        title: of the figure; may be empty.
        sides: one or two runs that have steps.
        footnote: sentences.
        until: how long the axis of time is; None: as `clock_of` has it.
    """
    quantities = quantities_of([side.timeline for side in sides])
    headings = [textwrap.wrap(side.words, HEADING_WIDTH)[:3] for side in sides]
    lines = max(map(len, headings))
    columns: dict[str, Any] = {"panels": len(sides), "height": HEIGHT, "apart": 0.2}
    above = Row().above
    rows = [Row(**columns, below=BELOW, above=above + (0 if index else lines * HEADING))
            for index in range(len(quantities) - 1)]  # fmt: skip
    figure, axes = framed(title, [], [*rows, Row(**columns)], footnote)
    for quantity, row, notes in zip(quantities, axes, _draw(quantities, axes, sides), strict=True):
        for ax, note in zip(row, notes, strict=True):
            head(ax, quantity.title)
            _note(ax, note or quantity.key, pad=9)
    end = until or clock_of(sides)
    for column, (side, heading) in enumerate(zip(sides, headings, strict=True)):
        drawn = [row[column] for row in axes]
        draw_clock(drawn, side.timeline.seconds, end, CLOCK if len(sides) == 1 else CLOCKS)
        _write_above(drawn[0], heading, lines)
    return figure


def stacked(sides: Sequence[Side]) -> Figure:
    """A narrow figure, of `NARROW` points, for a phone: below each other the runs, quantity by quantity.

    To be used within ``mpl.rc_context(RC)``.
    """
    quantities = quantities_of([side.timeline for side in sides])
    each = QUANTITY + len(sides) * (RUN + PANEL) + TICKS + GAP
    height = each * len(quantities) + AXIS_NAME
    figure = Figure(figsize=(NARROW / 72, height / 72), dpi=72)
    axes = [
        [
            _panel(figure, height, index * each + QUANTITY + row * (RUN + PANEL) + RUN)
            for row in range(len(sides))
        ]
        for index in range(len(quantities))
    ]
    end, words = clock_of(sides), told_apart([side.words for side in sides], NARROW_LETTERS)
    for quantity, column, notes in zip(quantities, axes, _draw(quantities, axes, sides), strict=True):
        for ax, side, text, note in zip(column, sides, words, notes, strict=True):
            said = shortened(text, NARROW_LETTERS - len(note))
            ax.set_title(said, loc="left", fontsize=SMALL, fontweight="normal", color=INK, pad=5)
            _note(ax, note, pad=5)
            set_clock(ax, side.timeline.seconds, end)
        for ax in column[:-1]:
            ax.tick_params(labelbottom=False)
        _write(column[0], quantity.title, RUN + 5, fontweight="bold", fontsize=12, color=INK)
        key: dict[str, Any] = {"x": 1, "ha": "right", "fontsize": SMALL, "color": GREY}
        _write(column[0], quantity.key, RUN + 5, **key)
    ended = ENDED if any(side.timeline.seconds < end for side in sides) else ""
    axes[-1][-1].set_xlabel(CLOCKS + ended, labelpad=6)
    return figure


def _panel(figure: Figure, height: float, top: float) -> Axes:
    """A panel of a narrow figure, ``top`` points below its upper edge."""
    width = NARROW - NARROW_LEFT - NARROW_RIGHT
    box = (NARROW_LEFT / NARROW, 1 - (top + PANEL) / height, width / NARROW, PANEL / height)
    return figure.add_axes(box)


def told_apart(words: Sequence[str], most: int) -> list[str]:
    """Words of at most so many letters each: of longer ones, what no other has (``…, prefix cache on``)."""
    parts = [text.split(", ") for text in words]
    own = [
        [part for part in mine if not any(part in other for other in parts if other is not mine)]
        for mine in parts
    ]
    return [
        text if len(text) <= most or not each else shortened(f"…, {', '.join(each)}", most)
        for text, each in zip(words, own, strict=True)
    ]


def shortened(words: str, most: int) -> str:
    """Words of at most so many letters; of longer ones the beginning."""
    return words if len(words) <= most else f"{words[: most - 1].rstrip(' ,')}…"


def _draw(
    quantities: Sequence[Quantity], axes: Sequence[Sequence[Axes]], sides: Sequence[Side]
) -> Iterator[list[str]]:
    """Draw each quantity of all runs, on one scale; what is to be said of each run."""
    for quantity, panels in zip(quantities, axes, strict=True):
        yield [quantity.draw(ax, side.timeline, side.color) for ax, side in zip(panels, sides, strict=True)]
        for ax in panels:
            ax.tick_params(length=0, pad=6)
        align(panels)


def _note(ax: Axes, text: str, pad: float) -> None:
    ax.set_title(text, loc="right", fontsize=SMALL, fontweight="normal", color=GREY, pad=pad)


def _write_above(ax: Axes, lines: Sequence[str], room: int) -> None:
    """A run's name, above the title of its first panel; the first lines of names are level."""
    for index, line in enumerate(lines):
        _write(ax, line, 72 * (0.38 + HEADING * (room - index - 1)), color=INK)


def _write(ax: Axes, text: str, points: float, x: float = 0, **how: Any) -> None:
    """A line that begins where a panel does, or at ``x`` of its width, so many points above it."""
    ax.annotate(text, (x, 1), xycoords="axes fraction", xytext=(0, points), textcoords="offset points",
                va="bottom", annotation_clip=False, **how)  # fmt: skip
