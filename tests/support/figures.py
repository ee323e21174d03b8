"""What is read back from figures, and what is wrong with one that nobody has looked at."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import combinations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SMALLEST = 10
"""Points that a text must have."""

TOUCH = 4.0
"""Pixels by which boxes may overlap: those of texts have room for accents and tails."""


def texts(svg):
    return [
        " ".join(node.itertext()).strip() for node in ET.parse(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


def faults(figure: Figure) -> list[str]:
    """Texts that are small, cut or over each other, legends over data, and room that nothing fills."""
    figure.draw_without_rendering()
    shown = list(_texts(figure))
    page = Bbox.from_bounds(0, 0, *(figure.get_size_inches() * figure.dpi))
    found = [f"small: {text.get_text()!r}" for text in shown if text.get_fontsize() < SMALLEST]
    found += [f"cut: {text.get_text()!r}" for text in shown if not _inside(text.get_window_extent(), page)]
    found += [
        f"over each other: {one.get_text()!r}, {other.get_text()!r}"
        for one, other in combinations(shown, 2)
        if _overlap(one.get_window_extent(), other.get_window_extent())
    ]
    legends = [*figure.legends, *(legend for ax in figure.axes if (legend := ax.get_legend()))]
    found += [
        f"legend over data: {[each.get_text() for each in legend.get_texts()]}"
        for legend in legends
        for ax in figure.axes
        if ax.axison and _overlap(legend.get_window_extent(), ax.get_window_extent())
    ]
    return found + _empty(figure, page)


def _texts(figure: Figure) -> Iterator[Text]:
    """All that can be read; an axis keeps ticks outside of its limits, which are not drawn."""
    hidden = {id(text) for ax in figure.axes for text in _not_drawn(ax)}
    for text in figure.findobj(Text):
        if (
            id(text) not in hidden
            and text.get_visible()
            and text.get_text().strip()
            and text.get_window_extent().width
        ):
            axes = text.axes
            if axes is None or (axes.axison and axes.get_visible()) or text in axes.texts:
                yield text


def _not_drawn(ax: Axes) -> Iterator[Text]:
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        room = 1e-6 * (high - low)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not low - room <= tick.get_loc() <= high + room:
                yield from (tick.label1, tick.label2)


def _empty(figure: Figure, page: Bbox) -> list[str]:
    """More than an inch from the lowest panel, its names and legend to the footnote."""
    boxes = [ax.get_tightbbox() for ax in figure.axes if ax.axison]
    lowest = min((box.y0 for box in boxes if box), default=0.0)
    foot = max((text.get_window_extent().y1 for text in figure.texts[1:2]), default=0.0)
    return [f"empty: {(lowest - foot) / figure.dpi:.1f} inches"] if lowest - foot > figure.dpi else []


def _overlap(one: Bbox, other: Bbox) -> bool:
    shared = Bbox.intersection(one, other)
    return shared is not None and shared.width > TOUCH and shared.height > TOUCH


def _inside(box: Bbox, page: Bbox) -> bool:
    return box.x0 >= -TOUCH and box.y0 >= -TOUCH and box.x1 <= page.x1 + TOUCH and box.y1 <= page.y1 + TOUCH
