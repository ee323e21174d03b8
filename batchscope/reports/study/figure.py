"""A study's figure: one panel each for the throughputs, one for the shape beside the published one.

To add a panel, write a function that draws into an axes and put it into `PANELS`.
"""

import textwrap
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, StrMethodFormatter
from matplotlib.transforms import offset_copy

from batchscope.common.errors import UserError
from batchscope.config.studies import Study
from batchscope.reporting.figure import (
    draw_panels,
    each_series,
    footnote_lines,
    not_counted_handle,
    nothing_to_show,
    title_lines,
    write_footnote,
    write_title,
)
from batchscope.reporting.provenance import comparability, environments, models
from batchscope.reporting.style import (
    FIXED,
    GREY,
    HOLLOW,
    INTERVAL,
    LEFT,
    LEGEND,
    MARKERS,
    MEDIAN,
    PAD,
    PALETTE,
    PUBLISHED,
    RC,
    SeriesStyle,
)
from batchscope.reporting.wording import fault, run_in_words, show_setting, varying
from batchscope.results.comparison import SPEED, Ratio, comparable, ratio
from batchscope.results.frames import cell_value, column_of
from batchscope.results.metrics.registry import METRICS
from batchscope.results.published.offline import LABEL

APART = 0.035
"""Distance between runs that share an x, as a share of the axis."""


@dataclass(frozen=True)
class Sheet:
    """What every panel draws from: a study's runs with their place on the x axis."""

    runs: pd.DataFrame
    """rows of the runs frame with ``series``, ``x`` (place), ``at`` (moved aside for its series), ``side``,
    and ``apart``: what sets a run apart from the others of its series; no line joins it to them"""
    repeats: pd.DataFrame
    ticks: dict[float, str]
    logarithmic: bool
    xlabel: str
    styles: dict[str, SeriesStyle]
    series: str
    """the setting that tells the series apart"""
    across: bool = False
    """whether runs from different environments are compared"""

    def each_series(self) -> Iterator[tuple[str, SeriesStyle, pd.DataFrame]]:
        """Name, style and runs of each series, along x."""
        return each_series(self.runs, self.styles, along="x")


def study_figure(
    name: str, study: Study, runs: pd.DataFrame, repeats: pd.DataFrame, *, across: bool = False
) -> Figure:
    """The figure of one study.

    Args:
        name: the study's name.
        study: its question and plot keys.
        runs: its rows of the runs frame.
        repeats: its rows of the repeats frame.
        across: compare runs from different environments too.

    Raises:
        UserError: ``plot.x`` or ``plot.series`` is no key of a run.
    """
    with mpl.rc_context(RC):
        title = title_lines(study.question or name)
        if not runs["valid"].any():
            return nothing_to_show(title, _reasons(runs), _footnote(runs))
        figure = Figure(figsize=(14, 6.4))
        write_title(figure, title, 0.965)
        write_footnote(figure, _footnote(runs, across), 0.03)
        sheet = replace(arrange(name, study, runs, repeats), across=across)
        below_title = 0.905 - 0.05 * (len(title) - 1)
        grid = {"left": LEFT, "right": 0.985, "bottom": 0.245, "top": below_title - 0.185, "wspace": 0.27}
        draw_panels(PANELS, figure.subplots(1, len(PANELS), gridspec_kw=grid), sheet)
        figure.legend(handles=_legend(sheet), bbox_to_anchor=(LEFT, below_title), ncols=6, **LEGEND)
        return figure


def arrange(name: str, study: Study, runs: pd.DataFrame, repeats: pd.DataFrame) -> Sheet:
    """Place each run on the x axis: at its number, or in a row where the values are not all numbers."""
    runs = runs.copy()
    values = _axis(name, "x", study.plot.x, runs)
    runs["series"] = [show_setting(value) for value in _axis(name, "series", study.plot.series, runs)]
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    distinct = sorted(set(values)) if numeric else list(dict.fromkeys(values))
    logarithmic = numeric and distinct[0] > 0 and distinct[-1] / distinct[0] >= 5
    places = {value: value if numeric else index for index, value in enumerate(distinct)}
    runs["x"] = [float(places[value]) for value in values]
    styles = _styles(list(dict.fromkeys(runs["series"])))
    runs["at"] = _side_by_side(runs, list(styles), logarithmic)
    runs["side"] = [-1 if at < x else 1 for at, x in zip(runs["at"], runs["x"], strict=True)]
    runs["apart"] = _set_apart(runs, {column_of(study.plot.x), column_of(study.plot.series)})
    key = study.plot.x.rpartition(".")[2]
    return Sheet(
        runs=runs,
        repeats=repeats.merge(runs[["run", "at", "side"]], on="run"),
        ticks={float(place): show_setting(value) for value, place in places.items()},
        logarithmic=logarithmic,
        xlabel={"n": "n (texts in one packed prompt)"}.get(key, key),
        styles=styles,
        series=study.plot.series.rpartition(".")[2],
    )


def _axis(study: str, role: str, key: str, runs: pd.DataFrame) -> list[Any]:
    column = column_of(key)
    if column not in runs and key.startswith("engine."):
        return [None] * len(runs)  # an argument that no run sets: all have vLLM's default
    if column not in runs:
        known = [
            name for name in runs.columns if name in ("layout", "n", "texts") or name.startswith("engine.")
        ]
        raise UserError(f"studies.{study}.plot.{role}: no run has '{key}'; there are {', '.join(known)}")
    return [cell_value(value) for value in runs[column]]


def _styles(series: list[str]) -> dict[str, SeriesStyle]:
    taken = {FIXED[name] for name in series if name in FIXED}
    free = cycle(pair for pair in zip(PALETTE, MARKERS, strict=True) if pair not in taken)
    return {name: SeriesStyle(*(FIXED.get(name) or next(free))) for name in series}


def _set_apart(runs: pd.DataFrame, drawn: set[str]) -> list[str]:
    """What tells a run from others of its series at the same x; nothing for those that are as most are."""
    settings = [name for name in varying(runs) if name not in drawn | {"layout"}]
    texts = pd.Series(
        [
            ", ".join(f"{name.rpartition('.')[2]}={show_setting(run[name])}" for name in settings)
            for _, run in runs.iterrows()
        ],
        index=runs.index,
    )
    apart = pd.Series("", index=runs.index)
    for _, series in runs.groupby("series", sort=False):
        (usual, count), *_ = texts[series.index].value_counts().items()
        odd = series["x"].duplicated(keep=False) & (texts[series.index] != usual)
        if 2 * int(count) > len(series):
            apart[odd[odd].index] = texts[odd[odd].index]
    return list(apart)


def _side_by_side(runs: pd.DataFrame, series: list[str], logarithmic: bool) -> list[float]:
    """Move runs that share an x a little aside, so that no point hides another."""
    crowded = runs["x"].duplicated(keep=False)
    middle = (len(series) - 1) / 2
    aside = [(series.index(name) - middle) * many for name, many in zip(runs["series"], crowded, strict=True)]
    if logarithmic:
        step = (PAD * PAD * runs["x"].max() / runs["x"].min()) ** APART
        return [x * step**side for x, side in zip(runs["x"], aside, strict=True)]
    span = runs["x"].max() - runs["x"].min() or 1.0
    return [x + APART * span * side for x, side in zip(runs["x"], aside, strict=True)]


def draw_metric(ax: Axes, sheet: Sheet, name: str) -> None:
    """One metric over x: means, intervals, repeats beside them; runs that do not count stay apart."""
    metric = METRICS[name]
    for _, style, runs in sheet.each_series():
        valid = runs[runs["valid"]]
        ax.vlines(valid["at"], valid[f"{name}_low"], valid[f"{name}_high"], color=style.color, **INTERVAL)
        joined = valid[valid["apart"] == ""]
        ax.plot(joined["at"], joined[name], marker=style.marker, color=style.color, **MEDIAN)
        for _, run in valid[valid["apart"] != ""].iterrows():
            _draw_apart(ax, run, run[name], style)
        points = sheet.repeats[sheet.repeats["run"].isin(valid["run"])]
        for side in (-1, 1):
            beside = offset_copy(ax.transData, ax.get_figure(root=True), x=side * 9, units="points")
            some = points[points["side"] == side]
            ax.plot(some["at"], some[name], ".", color=style.color, ms=6, alpha=0.75, mew=0, transform=beside)
    ax.set_title(f"{metric.label} ({metric.unit})", loc="left", pad=12)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    _finish(ax, sheet, top=_top(sheet, name))
    for _, style, runs in sheet.each_series():
        for _, run in runs[~runs["valid"]].iterrows():
            _mark_fault(ax, run, cell_value(run[name]), style)


def _top(sheet: Sheet, name: str) -> float:
    """The highest repeat or interval that counts; an interval far above all repeats may leave the axes."""
    counted = sheet.runs[sheet.runs["valid"]]
    repeats = sheet.repeats[sheet.repeats["valid"]][name].max()
    return float(max(repeats, min(counted[f"{name}_high"].fillna(0).max(), 1.5 * repeats)))


def _mark_fault(ax: Axes, run: "pd.Series[Any]", value: float | None, style: SeriesStyle) -> None:
    """A hollow marker with the reason; above the valid runs' axis it sits on the edge, with its value."""
    top = ax.get_ylim()[1]
    outside = value is not None and value > top
    height = min(value or 0.0, top)
    ax.plot(run["at"], height, marker=style.marker, mec=style.color, clip_on=False, zorder=5, **HOLLOW)
    upper = height > top / 2
    ax.annotate(
        fault(run) + (f" ({value:,.0f})" if outside else ""),
        (run["at"], height),
        xytext=(0, -9 if upper else 9),
        textcoords="offset points",
        ha="center",
        va="top" if upper else "bottom",
        rotation=90,
        fontsize=9.5,
        color=style.color,
        bbox={"fc": "white", "ec": "none", "alpha": 0.85, "pad": 1},
    )


def _draw_apart(ax: Axes, run: "pd.Series[Any]", value: float, style: SeriesStyle) -> None:
    """A run that no line joins, with what sets it apart."""
    ax.plot(run["at"], value, marker=style.marker, color=style.color, ls="", **MEDIAN)
    ax.annotate(
        run["apart"],
        (run["at"], value),
        xytext=(4, -9),  # lines fall to the right
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=9.5,
        color=style.color,
    )


def draw_shape(ax: Axes, sheet: Sheet) -> None:
    """Texts/s relative to a base run, ours and as published: what compares across machines."""
    pick, text = baseline(sheet.runs, varying(sheet.runs))
    ax.axhline(1, color=GREY, lw=1)
    highest = 1.0
    for _, style, runs in sheet.each_series():
        points = [
            (run, each)
            for _, run in runs[runs["valid"]].iterrows()
            if (each := _relative(run, pick(run), sheet.across))
        ]
        spans = [(run["at"], each.interval) for run, each in points if each.interval]
        ax.vlines(
            [at for at, _ in spans],
            [span.low for _, span in spans],
            [span.high for _, span in spans],
            color=style.color,
            **INTERVAL,
        )
        joined = [(run["at"], each.middle) for run, each in points if not run["apart"]]
        ax.plot(*_columns(joined), marker=style.marker, color=style.color, **MEDIAN)
        for run, each in points:
            if run["apart"]:
                _draw_apart(ax, run, each.middle, style)
        found = [each for _, each in points]
        theirs = [
            (run["at"], each.published)
            for run, each in points
            if each.published is not None and not run["apart"]
        ]
        if not any(value.published and value is not SAME for value in found):
            theirs = []  # a base run alone is no published shape
        tops = [
            min(each.interval.high, 1.5 * each.middle) if each.interval else each.middle for each in found
        ]
        highest = max([highest, *tops, *(value for _, value in theirs)])
        ax.plot(*_columns(theirs), **PUBLISHED)
    ax.set_title("\n".join(["Texts/s relative to", *textwrap.wrap(text, 36)]), loc="left", pad=12)
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}x"))
    _finish(ax, sheet, top=highest)


SAME = Ratio(1, None, 1)
"""A run over itself."""


def _relative(run: "pd.Series[Any]", base: "pd.Series[Any] | None", across: bool) -> Ratio | None:
    """A run over its base run, nothing where the two must not be compared."""
    if base is None or not comparable(run, base, across=across):
        return None
    return SAME if base["run"] == run["run"] else ratio(run, base)


def _columns(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


Pick = Callable[["pd.Series[Any]"], "pd.Series[Any] | None"]


def baseline(runs: pd.DataFrame, settings: list[str]) -> tuple[Pick, str]:
    """What a run's texts/s are divided by, and its name.

    Separate prompts with the same other settings where every packed run has them; else separate prompts at
    n = 1; else the first valid run, one with a published figure if there is any.
    """
    valid = runs[runs["valid"]]
    others = [name for name in settings if name != "layout"]

    def key(run: "pd.Series[Any]") -> Hashable:
        return tuple(show_setting(run[name]) for name in others)

    separate = {key(run): run for _, run in valid[valid["layout"] == "separate"].iterrows()}
    packed = [key(run) for _, run in valid[valid["layout"] == "packed"].iterrows()]
    if packed and all(each in separate for each in packed):
        return (lambda run: separate.get(key(run))), "separate prompts, same n"
    alone = valid[(valid["layout"] == "separate") & (valid["n"] == 1)]
    published = valid[valid[f"published.{SPEED}"].notna()]
    base = next(rows for rows in (alone, published, valid) if len(rows)).iloc[0]
    return (lambda run: base), run_in_words(base, settings)


def _finish(ax: Axes, sheet: Sheet, top: float) -> None:
    if sheet.logarithmic:
        ax.set_xscale("log")
        low, high = min(sheet.ticks), max(sheet.ticks)
        ax.set_xlim(low / PAD, high * PAD)
    else:
        span = (max(sheet.ticks) - min(sheet.ticks)) or 1.0
        ax.set_xlim(min(sheet.ticks) - 0.2 * span, max(sheet.ticks) + 0.2 * span)
    ax.xaxis.set_major_locator(FixedLocator(sorted(sheet.ticks)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: sheet.ticks.get(round(value, 9), "")))
    ax.set_xlabel(sheet.xlabel)
    ax.set_ylim(0, top * 1.08)
    ax.grid(axis="y")


PANELS: tuple[Callable[[Axes, Sheet], None], ...] = (
    lambda ax, sheet: draw_metric(ax, sheet, SPEED),
    lambda ax, sheet: draw_metric(ax, sheet, "total_token_throughput"),
    draw_shape,
)


def _legend(sheet: Sheet) -> list[Line2D]:
    setting = "" if sheet.series == "layout" else f"{sheet.series}="
    handles = [
        Line2D([], [], color=style.color, marker=style.marker, label=f"{setting}{name}, mean", **MEDIAN)
        for name, style in sheet.styles.items()
    ]
    handles.append(Line2D([], [], ls="", marker=".", ms=8, mew=0, color=GREY, label="single repeat"))
    if sheet.runs[sheet.runs["valid"]][f"{SPEED}_low"].notna().any():
        counted = sheet.runs[sheet.runs["valid"]]
        of = "95 % interval over starts" if (counted["starts"] > 1).all() else "repeatability, 95 %"
        handles.append(Line2D([], [], ls="", marker="|", ms=12, mew=1.4, color=GREY, label=of))
    if sheet.runs[f"published.{SPEED}"].notna().any():
        handles.append(Line2D([], [], label=LABEL, **PUBLISHED))
    if not sheet.runs["valid"].all():
        handles.append(not_counted_handle())
    return handles


def _footnote(runs: pd.DataFrame, across: bool = False) -> list[str]:
    if runs.empty:
        return []
    sentences = [*environments(runs, across=across), *models(runs), *comparability(runs)]
    return footnote_lines(sentences[:5])


def _reasons(runs: pd.DataFrame) -> list[str]:
    """Why there is nothing to plot: each run with its fault, the first six."""
    settings = varying(runs) if len(runs) else []
    reasons = [f"{run_in_words(run, settings)}: {fault(run)}" for _, run in runs.iterrows()]
    lines = ["There is no valid run to plot.", *(reasons[:6] or ["No run was measured."])]
    if len(reasons) > 6:
        lines.append(f"and {len(reasons) - 6} more")
    return lines
