"""A study's figure: texts per second with their intervals, and accuracy beside it where labels mean anything.

Where a study was published, its shape is drawn at our speed of the run that both are held against. Lines join
runs that differ in x alone (`batchscope.reports.study.curves`), and only along numbers: between categories
there is nothing to read off. To add a panel, write a function that draws into an axes and put it into
`PANELS`.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from textwrap import shorten
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from matplotlib.transforms import offset_copy

from batchscope.config.studies import Study
from batchscope.reporting.figure import (
    Row,
    draw_panels,
    framed,
    head,
    interval_handle,
    not_counted_handle,
    nothing_to_show,
    panel_inches,
    plain_numbers,
)
from batchscope.reporting.provenance import comparability, environments, models
from batchscope.reporting.style import (
    CHANCE,
    GREY,
    HOLLOW,
    INTERVAL,
    MEDIAN,
    PAD,
    PUBLISHED,
    RC,
    SMALL,
    SeriesStyle,
)
from batchscope.reporting.wording import fault, run_in_words, show_setting, varying
from batchscope.reports.study.places import MARGIN, Sheet, arrange, in_lines
from batchscope.results.comparison import SPEED, Ratio, comparable, ratio
from batchscope.results.frames import cell_value
from batchscope.results.metrics.registry import METRICS
from batchscope.results.published.offline import LABEL

ALONG_AXES = 40
"""Characters that fit beside the axes, from bottom to top."""

TICK_LINE = 0.2
"""Inches of each further line of the names along x."""


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
    title = study.question or name
    with mpl.rc_context(RC):
        if not runs["valid"].any():
            return nothing_to_show(title, _reasons(runs), _footnote(runs))
        sheet = replace(arrange(name, study, runs, repeats), across=across)
        panels = [panel for shown, panel in PANELS if shown(sheet)]
        if not sheet.numeric:
            sheet = replace(sheet, ticks=in_lines(sheet.ticks, panel_inches(len(panels))))
        lines = max(tick.count("\n") for tick in sheet.ticks.values())
        row = Row(len(panels), height=3.0 if len(panels) > 1 else 3.4, below=0.6 + TICK_LINE * lines)
        figure, (axes,) = framed(title, _legend(sheet), [row], [*_about(sheet), *_footnote(runs, across)])
        draw_panels(panels, axes, sheet)
        return figure


def draw_speed(ax: Axes, sheet: Sheet) -> None:
    """Texts per second over x: means, intervals, repeats beside them; runs that do not count are hollow."""
    metric = METRICS[SPEED]
    shapes = [_published_shape(sheet, runs) for _, _, runs in sheet.each_series()]
    top = max(_top(sheet), *(speed for shape in shapes for _, speed in shape), 0)
    _finish(ax, sheet, 1.08 * top)
    for (_, style, runs), shape in zip(sheet.each_series(), shapes, strict=True):
        valid = runs[runs["valid"]]
        low, high = valid[f"{SPEED}_low"], valid[f"{SPEED}_high"]
        ax.vlines(valid["at"], low, high.clip(upper=1.08 * top), color=style.color, **INTERVAL)
        further = valid[high > 1.08 * top]
        ax.plot(further["at"], [1.08 * top] * len(further), "^", color=style.color, clip_on=False)
        _draw_means(ax, sheet, valid, SPEED, style)
        points = sheet.repeats[sheet.repeats["run"].isin(valid["run"])]
        beside = offset_copy(ax.transData, ax.get_figure(root=True), x=8, units="points")
        ax.plot(points["at"], points[SPEED], ".", color=style.color, ms=6, mew=0, transform=beside)
        ax.plot([x for x, _ in shape], [speed for _, speed in shape], **_joined(sheet, valid, PUBLISHED))
    head(ax, f"{metric.label} ({metric.unit})")
    ax.yaxis.set_major_formatter(plain_numbers())
    for _, style, runs in sheet.each_series():
        for _, run in runs[~runs["valid"]].iterrows():
            _mark_fault(ax, run, cell_value(run[SPEED]), style)


def draw_accuracy(ax: Axes, sheet: Sheet) -> None:
    """Accuracy over x, or agreement with the reference run where no gold label is known."""
    name = judged_by(sheet.runs)
    valid = sheet.runs[sheet.runs["valid"]]
    _finish(ax, sheet, 1.0)
    if name == "accuracy" and (share := valid["majority_share"].max()) > 0:
        ax.axhline(share, **CHANCE)
    for _, style, runs in sheet.each_series():
        _draw_means(ax, sheet, runs[runs["valid"]], str(name), style)
    head(ax, {"accuracy": "Accuracy (% of texts)"}.get(str(name), "Agreement with the reference (%)"))
    ax.set_ylim(0, 1.04)
    ax.yaxis.set_major_locator(FixedLocator([share / 100 for share in range(0, 101, 20)]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))


def judged_by(runs: pd.DataFrame) -> str | None:
    """What says how right the labels of valid runs are; None where nothing does."""
    valid = runs[runs["valid"]]
    told = [name for name in ("accuracy", "agreement") if name in valid and valid[name].notna().any()]
    return told[0] if told else None


def _draw_means(ax: Axes, sheet: Sheet, valid: pd.DataFrame, name: str, style: SeriesStyle) -> None:
    """A curve's runs, joined where x is a number."""
    drawn = _joined(sheet, valid, MEDIAN)
    ax.plot(valid["at"], valid[name], marker=style.marker, color=style.color, clip_on=False, **drawn)


def _joined(sheet: Sheet, valid: pd.DataFrame, drawn: dict[str, Any]) -> dict[str, Any]:
    """How a curve of these runs is drawn: between categories, and of one point, without a line."""
    return drawn if sheet.numeric and valid["at"].nunique() > 1 else drawn | {"ls": ""}


def _top(sheet: Sheet) -> float:
    """The highest repeat or interval that counts; an interval far above all repeats may leave the axes."""
    counted = sheet.runs[sheet.runs["valid"]]
    repeats = sheet.repeats[sheet.repeats["valid"]][SPEED].max()
    return float(max(repeats, min(counted[f"{SPEED}_high"].fillna(0).max(), 1.5 * repeats)))


def _mark_fault(ax: Axes, run: "pd.Series[Any]", value: float | None, style: SeriesStyle) -> None:
    """A hollow marker with the reason; above the valid runs' axis it sits on the edge, with its value."""
    top = ax.get_ylim()[1]
    outside = value is not None and value > top
    height = min(value or 0.0, top)
    ax.plot(run["at"], height, marker=style.marker, mec=style.color, clip_on=False, zorder=5, **HOLLOW)
    upper = height > top / 2
    ax.annotate(
        _in_short(fault(run)) + (f" ({value:,.0f})" if outside else ""),
        (run["at"], height),
        xytext=(0, -9 if upper else 9),
        textcoords="offset points",
        ha="center",
        va="top" if upper else "bottom",
        rotation=90,
        fontsize=SMALL,
        color=style.color,
        bbox={"fc": "white", "ec": "none", "alpha": 0.85, "pad": 1},
    )


def _in_short(words: str) -> str:
    """A fault as it fits along the axes; what does not stands below the figure."""
    return (
        words if len(words) <= ALONG_AXES else shorten(words.partition(":")[0], ALONG_AXES, placeholder="...")
    )


def _published_shape(sheet: Sheet, runs: pd.DataFrame) -> list[tuple[float, float]]:
    """A curve as it was published, at our speed of its base run: what compares across machines."""
    pick, _ = baseline(sheet.runs, varying(sheet.runs))
    rows = [(run, pick(run)) for _, run in runs[runs["valid"]].iterrows()]
    found = [
        (run["at"], base, each)
        for run, base in rows
        if base is not None and (each := _relative(run, base, sheet.across)) and each.published
    ]
    if all(each is SAME for _, _, each in found):
        return []  # a base run alone is no published shape
    return [(at, base[SPEED] * each.published) for at, base, each in found if each.published]


SAME = Ratio(1, None, 1)
"""A run over itself."""


def _relative(run: "pd.Series[Any]", base: "pd.Series[Any]", across: bool) -> Ratio | None:
    """A run over its base run, nothing where the two must not be compared."""
    if not comparable(run, base, across=across):
        return None
    return SAME if base["run"] == run["run"] else ratio(run, base)


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
        ax.set_xlim(min(sheet.ticks) - MARGIN * span, max(sheet.ticks) + MARGIN * span)
    ax.xaxis.set_major_locator(FixedLocator(sorted(sheet.ticks)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: sheet.ticks.get(round(value, 9), "")))
    ax.set_xlabel(sheet.xlabel)
    ax.set_ylim(0, top)
    ax.grid(axis="y")


Panel = Callable[[Axes, Sheet], None]
PANELS: tuple[tuple[Callable[[Sheet], bool], Panel], ...] = (
    (lambda sheet: True, draw_speed),
    (lambda sheet: judged_by(sheet.runs) is not None, draw_accuracy),
)
"""When each panel is shown, and what draws it."""


def _legend(sheet: Sheet) -> list[Line2D]:
    handles = [
        Line2D(
            [],
            [],
            color=style.color,
            marker=style.marker,
            label=name,
            **_joined(sheet, runs[runs["valid"]], MEDIAN),
        )
        for name, style, runs in sheet.each_series()
    ]
    handles.append(Line2D([], [], ls="", marker=".", ms=8, mew=0, color=GREY, label="single repeat"))
    if sheet.runs[sheet.runs["valid"]][f"{SPEED}_low"].notna().any():
        counted = sheet.runs[sheet.runs["valid"]]
        over_starts = (counted["starts"] > 1).all()
        handles.append(interval_handle("95 % interval over starts" if over_starts else "repeatability, 95 %"))
    if any(_published_shape(sheet, runs) for _, _, runs in sheet.each_series()):
        handles.append(
            Line2D([], [], label=f"{LABEL}, to our scale", **_joined(sheet, sheet.runs, PUBLISHED))
        )
    if judged_by(sheet.runs) == "accuracy":
        handles.append(Line2D([], [], label="always the commonest label", **CHANCE))
    if not sheet.runs["valid"].all():
        handles.append(not_counted_handle())
    return handles


def _about(sheet: Sheet) -> Iterator[str]:
    """What a reader of the panels must know."""
    for reason in dict.fromkeys(fault(run) for _, run in sheet.runs.iterrows()):
        if reason != _in_short(reason):
            yield f"{reason[0].upper()}{reason[1:]}."
    if any(_published_shape(sheet, runs) for _, _, runs in sheet.each_series()):
        base = baseline(sheet.runs, varying(sheet.runs))[1]
        yield f"What was published is drawn to our scale: as a multiple of our {base}."
    if judged_by(sheet.runs):
        yield "How sure the accuracy is: see the figure of labels."


def _footnote(runs: pd.DataFrame, across: bool = False) -> list[str]:
    if runs.empty:
        return []
    return [*environments(runs, across=across), *models(runs), *comparability(runs)][:5]


def _reasons(runs: pd.DataFrame) -> list[str]:
    """Why there is nothing to plot: each run with its fault, the first six."""
    settings = varying(runs) if len(runs) else []
    reasons = [f"{run_in_words(run, settings)}: {fault(run)}" for _, run in runs.iterrows()]
    lines = ["There is no valid run to plot.", *(reasons[:6] or ["No run was measured."])]
    if len(reasons) > 6:
        lines.append(f"and {len(reasons) - 6} more")
    return lines
