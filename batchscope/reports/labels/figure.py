"""The figure on labels: accuracy over the texts in one prompt, along the prompt, and label coverage.

Without gold labels, agreement with the reference run stands for accuracy. Behind these are panels of labels
and of confidence (`batchscope.reports.labels.panels`). A panel is drawn where there is something to show. To
add one, write a function that draws into an axes and put it into `PANELS`.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Any, Literal, TypeVar

import matplotlib as mpl
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, StrMethodFormatter

from batchscope.reporting.figure import (
    Row,
    each_series,
    framed,
    head,
    interval_handle,
    not_counted_handle,
    nothing_to_show,
    per_prompt,
)
from batchscope.reporting.provenance import environments, models
from batchscope.reporting.style import (
    CHANCE,
    FIXED,
    HOLLOW,
    INTERVAL,
    LEGEND_BELOW,
    MEDIAN,
    PAD,
    RC,
    SeriesStyle,
    free_styles,
)
from batchscope.reporting.wording import show_setting
from batchscope.reports.labels.findings import nothing_judged, one_class_sentences
from batchscope.reports.labels.frame import Judged
from batchscope.reports.labels.page import QUESTION, with_quality
from batchscope.reports.labels.panels import Chosen, panels_below
from batchscope.statistics.accuracy import ENOUGH_TEXTS

PLAIN: dict[str, str | None] = {
    "answer": "free",
    "numbered": "False",
    "output_tokens_per_text": "default",
    "instruction": "last",
    "text_tokens": "default",
    "cut": "head",
    "permuted": "False",
    "model": None,
    "engine.quantization": "default",
    "engine.kv_cache_dtype": "default",
    "engine.dtype": "default",
}
"""Settings beside the layout that may change labels, and the value that goes without saying."""

MOST_LINES = 4
"""Runs in the panel of positions: of each series the largest n."""

LEFT_OUT = f"One run stands for all alike; runs of fewer than {ENOUGH_TEXTS} texts are left out."

ALL_LABELLED = "Label coverage: of each run all texts were labelled."

ASIDE, MOST_ASIDE = 0.04, 0.7
"""Series stand apart by this share of the axis; those at one x, by this share of the way to the next x."""


Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Sheet:
    """What every panel draws from."""

    runs: pd.DataFrame
    """one run for each ``series`` and ``x`` (texts in one prompt)"""
    positions: pd.DataFrame
    styles: dict[str, SeriesStyle]
    share: Literal["accuracy", "agreement"] = "accuracy"
    """what of the runs is drawn: without gold labels it is agreement"""

    @property
    def step(self) -> float:
        """By which factor series stand apart."""
        places = sorted(set(self.runs["x"]))
        nearest = min((b / a for a, b in pairwise(places)), default=PAD)
        span = PAD * PAD * places[-1] / places[0]
        return float(min(span**ASIDE, nearest ** (MOST_ASIDE / max(len(self.styles), 1))))

    @property
    def chance(self) -> float:
        """How often the commonest label would be right; NaN without gold labels."""
        return float(self.runs["majority_share"].max()) if self.share == "accuracy" else math.nan

    def each_series(self) -> Iterator[tuple[str, SeriesStyle, pd.DataFrame]]:
        """Name, style and runs of each series, along x."""
        return each_series(self.runs, self.styles, along="at")


def labels_figure(runs: pd.DataFrame, judged: Judged, *, across: bool = False) -> Figure:
    """The figure.

    Args:
        runs: the runs frame.
        judged: what the labels of its runs say.
        across: whether runs from different environments are compared.
    """
    with mpl.rc_context(RC):
        shown = with_quality(runs, judged.runs)
        if shown.empty:
            return nothing_to_show(QUESTION, [nothing_judged(runs)], _footnote(runs))
        shown = with_series(shown)
        known = styles_of(shown)
        below = panels_below(shown, runs, judged, known)
        if (enough := shown["labels"] >= ENOUGH_TEXTS).any():
            shown = shown[enough]
        sheet = arrange(shown, judged.positions, known)
        footnote = [*one_class_sentences(shown), *_footnote(shown, across)]
        if not _covers_less(sheet):
            footnote.insert(0, ALL_LABELLED)
        if len(sheet.runs) < len(judged.runs):
            footnote.append(LEFT_OUT)
        return _drawn(sheet, below, footnote)


def _drawn(sheet: Sheet, chosen: Sequence[Chosen], footnote: Sequence[str]) -> Figure:
    """Two panels a row; those whose names are long take a row each."""
    panels = [_onto(draw, sheet) for there, draw in PANELS if there(sheet)]
    panels += [_onto(each.draw, each) for each in chosen if not each.row]
    entries = [len(_lines(sheet)), max((len(each.shown) for each in chosen if not each.row), default=0)]
    rows = [
        Row(2, below=0.65 + 0.22 * most)
        for most, _ in zip([*entries, 0], range(math.ceil(len(panels) / 2)), strict=False)
    ]
    named = [each for each in chosen if each.row]
    rows += [each.row for each in named if each.row]
    figure, axes = framed(QUESTION, _legend(sheet), rows, footnote)
    for panel, ax in zip_longest(
        [*panels, *([None] * (len(panels) % 2)), *(_onto(each.draw, each) for each in named)],
        [ax for row in axes for ax in row],
    ):
        if panel is None:
            ax.set_axis_off()
        else:
            panel(ax)
            ax.tick_params(length=0, pad=6)
    return figure


def _onto(draw: Callable[[Axes, Drawn], None], drawn: Drawn) -> Callable[[Axes], None]:
    return lambda ax: draw(ax, drawn)


def with_series(shown: pd.DataFrame) -> pd.DataFrame:
    """Runs with their ``series``: the layout, and what does not go without saying."""
    differ = [name for name in PLAIN if name in shown and shown[name].nunique(dropna=False) > 1]
    settings = pd.DataFrame({name: shown[name].map(show_setting) for name in differ})
    told = [
        name for name in differ if name == "answer" or not _follows_answer(settings[name], shown["answer"])
    ]
    return shown.assign(series=[_series(run, told) for _, run in shown.iterrows()])


def _follows_answer(setting: "pd.Series[str]", answer: "pd.Series[str]") -> bool:
    """Whether runs that answer alike have it alike, so that it tells nothing more."""
    return bool((setting.groupby(answer).nunique() <= 1).all())


def styles_of(shown: pd.DataFrame) -> dict[str, SeriesStyle]:
    """A style for each series; that of a layout alone is the layout's."""
    return _styles(list(dict.fromkeys(shown["series"])))


def arrange(shown: pd.DataFrame, positions: pd.DataFrame, known: dict[str, SeriesStyle]) -> Sheet:
    """Give each run its place: the texts that share its prompts, 1 if separate.

    Of runs that are alike in both, from several studies or with engines that differ in speed alone, the one
    with most texts stands for all.
    """
    runs = shown.copy()
    runs["x"] = [1 if run["layout"] == "separate" else int(run["n"]) for _, run in runs.iterrows()]
    runs = runs.sort_values(["valid", "labels"], ascending=False, kind="stable")
    runs = runs.drop_duplicates(["series", "x"]).sort_index()
    styles = {name: style for name, style in known.items() if name in set(runs["series"])}
    share: Literal["accuracy", "agreement"] = "accuracy" if runs["with_gold"].any() else "agreement"
    sheet = Sheet(runs, positions, styles, share)
    place = runs["series"].map(dict(zip(styles, range(len(styles)), strict=True)))
    side = place.groupby(runs["x"]).rank() - 1
    runs["at"] = runs["x"] * sheet.step ** (side - side.groupby(runs["x"]).transform("max") / 2)
    return sheet


def _series(run: "pd.Series[Any]", told: Sequence[str]) -> str:
    """``packed``, or ``packed, answer=labels``."""
    more = [
        f"{name.rpartition('.')[2]}={show_setting(run[name])}"
        for name in told
        if show_setting(run[name]) != PLAIN[name]
    ]
    return ", ".join([run["layout"], *more])


def _styles(series: list[str]) -> dict[str, SeriesStyle]:
    free = free_styles()
    return {name: SeriesStyle(*FIXED[name]) if name in FIXED else next(free) for name in series}


def series_words(name: str, n: object = None) -> str:
    """A series in the legend: ``n per prompt, answer=labels``."""
    layout, comma, more = name.partition(",")
    return per_prompt(layout, n) + comma + more


def draw_share_right(ax: Axes, sheet: Sheet) -> None:
    """Accuracy, or agreement, over the texts in one prompt, with intervals."""
    name = sheet.share
    for _, style, runs in sheet.each_series():
        counted = runs[runs["valid"]]
        low, high = 100 * counted[f"{name}_low"], 100 * counted[f"{name}_high"]
        ax.vlines(counted["at"], low, high, color=style.color, **INTERVAL)
    _draw_share(ax, sheet, name)
    ends = [*sheet.runs[f"{name}_low"], *sheet.runs[f"{name}_high"], sheet.chance]
    _finish(ax, min(_known(ends)), max(_known(ends)))
    _draw_chance(ax, sheet)
    head(ax, {"accuracy": "Accuracy (% of texts)"}.get(name, "Agreement with the reference (%)"))


def _draw_chance(ax: Axes, sheet: Sheet) -> None:
    if not math.isnan(sheet.chance):
        ax.axhline(100 * sheet.chance, **CHANCE)


def _known(shares: Sequence[float]) -> list[float]:
    """Those that are not NaN; of none, all that there can be."""
    return [share for share in shares if not math.isnan(share)] or [0.0, 1.0]


def draw_coverage(ax: Axes, sheet: Sheet) -> None:
    """Texts that were labelled at all, over the texts in one prompt."""
    _draw_share(ax, sheet, "label_coverage")
    _finish(ax, sheet.runs["label_coverage"].min())
    head(ax, "Label coverage (% of texts)")


def _covers_less(sheet: Sheet) -> bool:
    """Whether some run left texts without a label; else coverage would be one level line."""
    return bool((sheet.runs["label_coverage"] < 1).any())


def _draw_share(ax: Axes, sheet: Sheet, name: str) -> None:
    for _, style, runs in sheet.each_series():
        counted, others = runs[runs["valid"]], runs[~runs["valid"]]
        ax.plot(
            counted["at"],
            100 * counted[name],
            marker=style.marker,
            color=style.color,
            clip_on=False,
            **MEDIAN,
        )
        for _, run in others.iterrows():
            ax.plot(run["at"], 100 * run[name], marker=style.marker, mec=style.color, **HOLLOW)
    places = sorted(set(sheet.runs["x"]))
    ax.set_xscale("log")
    ax.set_xlim(min(places) / PAD, max(places) * PAD)
    ax.xaxis.set_major_locator(FixedLocator(places))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.set_xlabel("texts per prompt (n)")


def draw_positions(ax: Axes, sheet: Sheet) -> None:
    """Accuracy, or agreement, along packed prompts: a line a run, from the first text to the last."""
    lines = _lines(sheet)
    for place, (name, bins, n, style) in enumerate(lines):
        aside = 1.4 * (place - (len(lines) - 1) / 2)
        at = 100 * (bins["first"] + bins["last"] + 1) / 2 / n + aside
        ax.vlines(at, 100 * bins["share_low"], 100 * bins["share_high"], color=style.color, **INTERVAL)
        small = {**MEDIAN, "ms": 7, "mew": 0.6}
        ax.plot(
            at,
            100 * bins["share"],
            marker=style.marker,
            color=style.color,
            label=name,
            clip_on=False,
            **small,
        )
    head(ax, f"{sheet.share.capitalize()} along the prompt (%)")
    ax.set_xlim(-3, 103)
    ax.set_xlabel("place in the prompt (% of its texts)")
    bins_of_all = pd.concat([bins for _, bins, _, _ in lines])
    ends = _known([*bins_of_all["share_low"], *bins_of_all["share_high"], sheet.chance])
    _finish(ax, min(ends), max(ends))
    _draw_chance(ax, sheet)
    ax.legend(bbox_to_anchor=(0, -0.21), **LEGEND_BELOW)


def _lines(sheet: Sheet) -> list[tuple[str, pd.DataFrame, int, SeriesStyle]]:
    """Name, bins, n and style of the packed runs to draw: of each series the largest n that has two bins."""
    packed = sheet.runs[(sheet.runs["layout"] == "packed") & sheet.runs["valid"]]
    found: dict[str, tuple[str, pd.DataFrame, int, SeriesStyle]] = {}
    for _, run in packed.sort_values("x", ascending=False, kind="stable").iterrows():
        mine = (sheet.positions["study"] == run["study"]) & (sheet.positions["run"] == run["run"])
        bins, series = sheet.positions[mine], run["series"]
        if len(bins) > 1 and series not in found:
            found[series] = (series_words(series, run["x"]), bins, int(run["x"]), sheet.styles[series])
    return list(found.values())[:MOST_LINES]


def _finish(ax: Axes, lowest: float, highest: float = 1.0) -> None:
    """Percent, from the ten below the lowest share to the ten above the highest."""
    bottom = 0 if math.isnan(lowest) else min(10 * math.floor(10 * lowest), 90)
    top = 100 if math.isnan(highest) else min(100, max(10 * math.ceil(10 * highest), bottom + 10))
    ax.set_ylim(bottom, top + 0.02 * (top - bottom))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.grid(axis="y")


PANELS: tuple[tuple[Callable[[Sheet], bool], Callable[[Axes, Sheet], None]], ...] = (
    (lambda sheet: True, draw_share_right),
    (lambda sheet: bool(_lines(sheet)), draw_positions),
    (_covers_less, draw_coverage),
)
"""When each panel is shown, and what draws it."""


def _legend(sheet: Sheet) -> list[Artist]:
    handles: list[Artist] = [
        Line2D([], [], color=style.color, marker=style.marker, label=series_words(name), **MEDIAN)
        for name, style in sheet.styles.items()
    ]
    handles.append(interval_handle("95 % interval"))
    if not math.isnan(sheet.chance):
        handles.append(Line2D([], [], label="always the commonest label", **CHANCE))
    if not sheet.runs["valid"].all():
        handles.append(not_counted_handle())
    return handles


def _footnote(runs: pd.DataFrame, across: bool = False) -> list[str]:
    return [*environments(runs, across=across), *models(runs)][:5] if len(runs) else []
