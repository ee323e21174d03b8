"""Which runs of a study are compared: each with a baseline, along the axis that is asked about."""

from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd

from batchscope.config.studies import Plot
from batchscope.reporting.wording import show_setting
from batchscope.results.frames import column_of

Pair = tuple["pd.Series[Any]", "pd.Series[Any]"]
"""A run, and the one that it is held against."""

SIZES = ("n", "texts", "duplicates")
"""Keys that say how much, not how: with one of them as x, it is the series that a study asks about."""

LAYOUT = "layout"
SEPARATE = "separate"


def pairs(runs: pd.DataFrame, plot: Plot, settings: Sequence[str]) -> list[Pair]:
    """Each run with the one that it is held against, in the runs' order.

    That one differs from it in the asked-about axis alone, and has the baseline's value there; where there is
    no such run, it is the baseline of all: separate prompts with the smallest n where the layout is asked
    about, else of the runs that have the baseline's value the one most like it.

    Args:
        runs: the valid runs of a study.
        plot: its axes, and the baseline where the study declares one.
        settings: what tells its runs apart.
    """
    if runs.empty:
        return []
    axis, value = _asked_about(runs, plot)
    others = [name for name in settings if name != axis]
    at_baseline = [run for _, run in runs.iterrows() if show_setting(run[axis]) == value]
    if not at_baseline:  # the baseline itself was not measured, or does not count
        at_baseline = [runs.iloc[0]]
    partners = {_key(run, others): run for run in reversed(at_baseline)}
    found = []
    for _, run in runs.iterrows():
        base = partners.get(_key(run, others))
        if base is None or base["run"] == run["run"]:
            base = _common_baseline(run, at_baseline, axis, others)
        if base["run"] != run["run"] and (
            show_setting(run[axis]) != value or _alone(run, runs, axis, others)
        ):
            found.append((run, base))
    return found


def _asked_about(runs: pd.DataFrame, plot: Plot) -> tuple[str, str]:
    """The column along which runs are compared, and the baseline's value there, as it is shown."""
    x, series = (column if column in runs else LAYOUT for column in map(column_of, (plot.x, plot.series)))
    if plot.baseline is not None:
        shown = show_setting(plot.baseline)
        for axis in (x, series):
            if shown in set(map(show_setting, runs[axis])):
                return axis, shown
    axis = series if x in SIZES or series == LAYOUT else x
    values = list(map(show_setting, runs[axis]))
    return axis, SEPARATE if axis == LAYOUT and SEPARATE in values else values[0]


def _common_baseline(
    run: "pd.Series[Any]", at_baseline: "list[pd.Series[Any]]", axis: str, others: Sequence[str]
) -> "pd.Series[Any]":
    """Where no run differs in the axis alone: the one with the smallest n, or the one most like this run.

    Of those that stand before it, so that no two runs are held against each other; of equals the first.
    """
    if axis == LAYOUT:
        return min(at_baseline, key=lambda each: int(each["n"]))
    names = [each["run"] for each in at_baseline]
    before = at_baseline[: names.index(run["run"])] if run["run"] in names else at_baseline
    mine = {name: show_setting(run[name]) for name in others}
    alike = [sum(show_setting(each[name]) == mine[name] for name in others) for each in before]
    return before[alike.index(max(alike))] if before else at_baseline[0]


def _alone(run: "pd.Series[Any]", runs: pd.DataFrame, axis: str, others: Sequence[str]) -> bool:
    """Whether no other run differs from this one in the asked-about axis alone."""
    key = _key(run, others)
    return sum(_key(other, others) == key for _, other in runs.iterrows()) == 1


def _key(run: "pd.Series[Any]", settings: Sequence[str]) -> Hashable:
    return tuple(show_setting(run[name]) for name in settings)
