"""The settings as dots: speed across, accuracy or agreement up; or, where no label counts, speed alone.

The recommended setting is filled, the others are hollow; those that do not count are grey. Circles are packed
prompts, squares separate ones, as in all figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from batchscope.reporting.figure import plain_numbers
from batchscope.reporting.style import FIXED, GREY, INK, RC
from batchscope.reports.one_page.inline_svg import GREEN, PAPER, RULE
from batchscope.reports.one_page.label_places import Box, Label, places
from batchscope.reports.one_page.words import Values

COUNTING = ("recommended", "kept", "speed only")
"""States of settings in colour; the others are grey. ``speed only``: no label counts."""

MOST_LABELS = 40
"""So many labels are tried, the most important first."""

MOST_ROWS = 40
FAR = 8.0
"""Where the fastest is so many times as fast as the slowest, the axis is logarithmic."""


@dataclass(frozen=True)
class Size:
    """Of a chart, in pixels of the page."""

    width: int
    height: int
    row: int
    """height of a setting where speed stands alone"""

    @property
    def narrow(self) -> bool:
        """Whether it is for a phone."""
        return self.width < 500


WIDE, NARROW = Size(1040, 460, 22), Size(350, 400, 40)


def gid_of(index: int) -> str:
    """What the mark of a setting is called in a figure."""
    return f"setting-{index}"


def shown_in_chart(settings: Sequence[Values]) -> list[Values]:
    """Settings with a speed, each once: those that compare, or all where none does."""
    timed = [setting for setting in settings if setting["speed"] and not setting["same_as"]]
    comparable = [setting for setting in timed if setting["state"] in (*COUNTING, "refused")]
    return comparable or timed


def chart(settings: Sequence[Values], size: Size) -> Figure:
    """Speed and rightness where labels count, else speed alone; marks are called by `gid_of` their index."""
    right = [setting for setting in settings if setting["right"]]
    with mpl.rc_context({**RC, "font.size": 12}):
        return _speed_and_right(settings, size) if right else _speed_alone(settings, size)


def rows_shown(settings: Sequence[Values]) -> list[int]:
    """Indices of the settings that the chart of speed alone has room for, the fastest first."""
    order = sorted(range(len(settings)), key=lambda index: -settings[index]["speed"]["value"])
    first = [index for index in order if settings[index]["state"] == "recommended"]
    kept = list(dict.fromkeys([*first, *order]))[:MOST_ROWS]
    return [index for index in order if index in kept]


def _speed_and_right(settings: Sequence[Values], size: Size) -> Figure:
    figure, ax = _sheet(size.width, size.height, left=40 if size.narrow else 52, above=36, size=size)
    _draw_frontier(ax, settings)
    drawn = [(index, each) for index, each in enumerate(settings) if each["right"]]
    heights = [100 * each["right"]["value"] for _, each in drawn]
    _draw_intervals(ax, [each for _, each in drawn], heights)
    for (index, each), height in zip(drawn, heights, strict=True):
        _draw_dot(ax, index, each, height)
    by = next(setting["right"]["by"] for setting in settings if setting["right"])
    ax.set_title(f"{by} (%)", loc="left", color=GREY, fontsize=12, x=0, pad=12)
    ax.margins(x=0.06, y=0.1)
    _speed_axis(ax, settings, size)
    ax.set_ylim(top=min(ax.get_ylim()[1], 101.5))
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))
    ax.grid(color=RULE, lw=1)
    _write_labels(figure, ax, settings, size)
    return figure


def _speed_alone(settings: Sequence[Values], size: Size) -> Figure:
    rows = rows_shown(settings)
    texts = [_row_text(settings[index], settings) for index in rows]
    longest = 0 if size.narrow else min(7 * max(len(text) for text in texts), 470)
    figure, ax = _sheet(size.width, size.row * len(rows) + 60, left=int(longest) + 16, above=4, size=size)
    _draw_intervals(ax, [settings[index] for index in rows], [-row for row in range(len(rows))])
    for row, index in enumerate(rows):
        _draw_dot(ax, index, settings[index], -row)
    ax.set_ylim(-len(rows) + 0.4, 0.8 if size.narrow else 0.6)
    ax.set_yticks([-row for row in range(len(rows))], [] if size.narrow else texts, color=INK)
    if size.narrow:
        for row, text in enumerate(texts):
            ax.text(0, 0.32 - row, text, transform=ax.get_yaxis_transform(), fontsize=11, color=INK)
    ax.margins(x=0.04)
    ax.spines["left"].set_visible(False)
    _speed_axis(ax, settings, size)
    ax.grid(axis="y", color=RULE, lw=1)
    return figure


def _sheet(width: int, height: int, *, left: int, above: int, size: Size) -> tuple[Figure, Axes]:
    """An empty chart with room on the left, for what names the rows, and above."""
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    right = 8 if size.narrow else 20
    ax = figure.add_axes(
        (left / width, 48 / height, (width - left - right) / width, (height - above - 48) / height)
    )
    ax.set_facecolor("none")
    ax.tick_params(length=0, pad=6, colors=GREY)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(RULE)
    return figure, ax


def _speed_axis(ax: Axes, settings: Sequence[Values], size: Size) -> None:
    speeds = [setting["speed"]["value"] for setting in settings]
    far = max(speeds) > FAR * min(speeds) > 0
    if far:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(10, (1.0, 2.0, 5.0)))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.tick_params(which="minor", length=0)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(4 if size.narrow else 8, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(plain_numbers())
    ax.set_xlabel("texts per second" + (" (logarithmic)" if far else ""), color=GREY, labelpad=8)


def _importance(setting: Values) -> tuple[bool, bool, bool, float]:
    """The recommended setting, the frontier, what counts; the faster the sooner."""
    state = setting["state"]
    return (
        state != "recommended",
        not setting["frontier"],
        state not in COUNTING,
        -float(setting["speed"]["value"]),
    )


def _draw_frontier(ax: Axes, settings: Sequence[Values]) -> None:
    best = sorted(
        (setting["speed"]["value"], 100 * setting["right"]["value"])
        for setting in settings
        if setting["frontier"] and setting["right"]
    )
    if len(best) > 1:
        ax.plot(*zip(*best, strict=True), color=GREEN, lw=2, zorder=1)


def _draw_intervals(ax: Axes, settings: Sequence[Values], heights: Sequence[float]) -> None:
    """A line along each axis through each dot; all in two strokes, for there may be a thousand."""
    colours = [_colour(setting) for setting in settings]
    bar: dict[str, Any] = {"colors": colours, "lw": 1.3, "zorder": 2}
    ax.hlines(heights, *zip(*(_ends(setting["speed"]) for setting in settings), strict=True), **bar)
    if all(setting["right"] for setting in settings):
        speeds = [setting["speed"]["value"] for setting in settings]
        ends = [[100 * end for end in _ends(setting["right"])] for setting in settings]
        ax.vlines(speeds, *zip(*ends, strict=True), **bar)


def _draw_dot(ax: Axes, index: int, setting: Values, y: float) -> None:
    colour, best = _colour(setting), setting["state"] == "recommended"
    marker = FIXED[setting["layout"]][1] if setting["layout"] in FIXED else "D"
    look: dict[str, Any] = (
        {"ms": 12, "mfc": colour, "zorder": 4} if best else {"ms": 8, "mfc": PAPER, "zorder": 3}
    )
    ax.plot(
        [setting["speed"]["value"]], [y], marker=marker, ls="", mec=colour, mew=1.7, gid=gid_of(index), **look
    )


def _colour(setting: Values) -> str:
    if setting["state"] not in COUNTING:
        return GREY
    return FIXED[setting["layout"]][0] if setting["layout"] in FIXED else INK


def _write_labels(figure: Figure, ax: Axes, settings: Sequence[Values], size: Size) -> None:
    """Labels where they fit, the most important first."""
    drawn = [setting for setting in settings if setting["right"]]
    tried = sorted(drawn, key=_importance)[:MOST_LABELS]
    texts = [_text_of(setting, size) for setting in tried]
    boxes = places(
        [_label(figure, ax, *each) for each in zip(tried, texts, strict=True)],
        [_dot(ax, setting) for setting in drawn],
        [box for setting in drawn for box in _bars(ax, setting)],
        Box(*ax.get_window_extent().padded(-2).extents),
    )
    for setting, text, box in zip(tried, texts, boxes, strict=True):
        if box:
            bold = "bold" if setting["state"] == "recommended" else "normal"
            ax.annotate(
                text, (box.left, box.bottom), xycoords="figure pixels", va="bottom", fontsize=_font(size),
                color=INK if setting["state"] in COUNTING else GREY, fontweight=bold, zorder=5,
            )  # fmt: skip


def _font(size: Size) -> float:
    return 11 if size.narrow else 12


def _text_of(setting: Values, size: Size) -> str:
    most = 26 if size.narrow else 44
    words = str(setting["words"])
    return words if len(words) <= most else f"{words[: most - 1].rstrip(' ,')}…"


def _row_text(setting: Values, settings: Sequence[Values]) -> str:
    """A setting's words; where another one has the same, with its study, or within a study with its run."""
    same = [other["study"] for other in settings if other["words"] == setting["words"]]
    more = setting["id"].partition("/")[2] if same.count(setting["study"]) > 1 else setting["study"]
    words = f"{setting['words']} ({more})" if len(same) > 1 else str(setting["words"])
    return words if len(words) <= 64 else f"{words[:63].rstrip(' ,')}…"


def _label(figure: Figure, ax: Axes, setting: Values, text: str) -> Label:
    x, y = _pixels(ax, setting["speed"]["value"], setting["right"]["value"])
    canvas = FigureCanvasAgg(figure)
    font = mpl.font_manager.FontProperties(
        size=12, weight="bold" if setting["state"] == "recommended" else 400
    )
    renderer: Any = canvas.get_renderer()  # type: ignore[no-untyped-call]
    width, height, _ = renderer.get_text_width_height_descent(text, font, ismath=False)
    return Label(x, y, width + 4, height + 3, must=setting["state"] == "recommended" or setting["frontier"])


def _dot(ax: Axes, setting: Values) -> Box:
    x, y = _pixels(ax, setting["speed"]["value"], setting["right"]["value"])
    return Box(x - 5, y - 5, x + 5, y + 5)


def _bars(ax: Axes, setting: Values) -> list[Box]:
    """What a dot's intervals cover; a missing one covers the dot."""
    speed, right = _ends(setting["speed"]), _ends(setting["right"])
    (left, y), (end, _) = (_pixels(ax, each, setting["right"]["value"]) for each in speed)
    (x, low), (_, high) = (_pixels(ax, setting["speed"]["value"], each) for each in right)
    return [Box(left, y - 1, end, y + 1), Box(x - 1, low, x + 1, high)]


def _ends(found: Values) -> tuple[float, float]:
    if found.get("low") is None or found.get("high") is None:
        return found["value"], found["value"]
    return found["low"], found["high"]


def _pixels(ax: Axes, speed: float, share: float) -> tuple[float, float]:
    x, y = ax.transData.transform((speed, 100 * share))
    return float(x), float(y)
