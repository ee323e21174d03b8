"""Where the window's time went: classes of kernels and operators, and idle; pure functions of the tables.

The window begins with the second captured step, because the profiler starts inside the first. It ends where
the last captured step begins. So it consists of whole steps, each with the gap behind it. Every moment of it
is in exactly one class: where streams overlap, in the first of `CLASSES` that has work then; where nothing
works, in ``idle``. The seconds of all classes therefore add up to those of the window.

With a GPU, what counts is the GPU's work. Without one it is the work of the thread with most operators, the
worker's main thread, which waits for the threads that it shares its work with.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from batchscope.common.errors import UserError
from batchscope.profiling.schemas import COPY, DEVICE_KINDS, OPERATOR

RULES_FILE = Path(__file__).with_name("kernel_classes.yaml")

WORK = ("GEMM", "attention", "activation", "norm", "rotary", "sampling", "copy", "other")
IDLE = "idle"
CLASSES = (*WORK, IDLE)
"""In the order of precedence."""

Intervals = np.ndarray[Any, np.dtype[np.float64]]
"""Starts and ends in seconds, shape (n, 2)."""


@dataclass(frozen=True)
class Rule:
    """Names that belong to a class."""

    kernel_class: str
    pattern: re.Pattern[str]


def load_rules(path: Path = RULES_FILE) -> list[Rule]:
    """The rules, in their order.

    Raises:
        UserError: an entry has another form, an unknown class, or no valid regular expression.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    rules = []
    for number, entry in enumerate(entries or (), start=1):
        where = f"{path}, entry {number}"
        if not isinstance(entry, dict) or set(entry) != {"class", "names"}:
            raise UserError(f"{where}: needs the keys 'class' and 'names', and no others")
        if entry["class"] not in WORK:
            raise UserError(f"{where}: unknown class {entry['class']!r}; known: {', '.join(WORK)}")
        for name in entry["names"]:
            try:
                rules.append(Rule(entry["class"], re.compile(name, re.IGNORECASE)))
            except (re.error, TypeError) as error:
                raise UserError(f"{where}: {name!r} is no regular expression: {error}") from None
    return rules


def class_of(name: str, kind: str, rules: Sequence[Rule]) -> str:
    """The class of one event."""
    if kind == COPY:
        return "copy"
    return next((rule.kernel_class for rule in rules if rule.pattern.search(name)), "other")


def classify(events: pd.DataFrame, rules: Sequence[Rule]) -> pd.Series:
    """The class of each event."""
    pairs = zip(events["name"], events["kind"], strict=True)
    known = {pair: class_of(*pair, rules) for pair in set(pairs)}
    pairs = zip(events["name"], events["kind"], strict=True)
    return pd.Series([known[pair] for pair in pairs], index=events.index, dtype="str")


def window_steps(steps: pd.DataFrame) -> pd.DataFrame:
    """The steps that lie in the window: all but the first and the last.

    Of two steps it is the first, and a single one, up to the end of its range, is all there is.

    Returns:
        Their rows with ``end_s``, where the next step starts.
    """
    ends = steps["start_s"].shift(-1).fillna(steps["start_s"] + steps["duration_s"])
    timed = steps.assign(end_s=ends)
    return timed.iloc[1:-1] if len(timed) > 2 else timed.iloc[:1]


def at_work(events: pd.DataFrame) -> pd.DataFrame:
    """The events that count: those of the GPU; without a GPU those of the thread with most operators."""
    on_device = events[events["kind"].isin(DEVICE_KINDS)]
    if len(on_device):
        return on_device
    operators = events[events["kind"] == OPERATOR]
    if operators.empty:
        return operators
    return operators[operators["stream"] == operators.groupby("stream")["duration_s"].sum().idxmax()]


def seconds_by_class(events: pd.DataFrame, classes: pd.Series, start: float, end: float) -> pd.Series:
    """Seconds of each of `CLASSES` between two moments; they add up to ``end - start``.

    Args:
        events: what counts, as `at_work` gives it.
        classes: of each event.
        start: in seconds from the window's start.
        end: likewise.
    """
    spans = intervals(events, start, end)
    taken, covered, found = np.empty((0, 2)), 0.0, {}
    for name in WORK:
        taken = union(np.concatenate([taken, spans[(classes == name).to_numpy()]]))
        found[name] = length(taken) - covered
        covered = length(taken)
    found[IDLE] = end - start - covered
    return pd.Series(found, dtype="float64")


def steps_by_class(events: pd.DataFrame, steps: pd.DataFrame, rules: Sequence[Rule]) -> pd.DataFrame:
    """One row a step of the window: seconds of each of `CLASSES`, from its start to that of the next.

    Two further columns split its idle time: ``idle_inside`` the step's own range, and ``idle_behind`` that
    range, before the next step begins.
    """
    working = at_work(events)
    classes = classify(working, rules)
    rows = []
    for step in window_steps(steps).to_dict("records"):
        seconds = seconds_by_class(working, classes, step["start_s"], step["end_s"])
        own_end = min(step["start_s"] + step["duration_s"], step["end_s"])
        inside = seconds_by_class(working, classes, step["start_s"], own_end)[IDLE]
        behind = seconds[IDLE] - inside
        rows.append({"step": step["step"], **seconds, "idle_inside": inside, "idle_behind": behind})
    return pd.DataFrame(rows).set_index("step")


def intervals(events: pd.DataFrame, start: float, end: float) -> Intervals:
    """Starts and ends of events, cut off at two moments; an event outside them becomes empty."""
    starts = events["start_s"].to_numpy(dtype=float)
    return np.stack([starts, starts + events["duration_s"].to_numpy(dtype=float)], axis=1).clip(start, end)


def union(spans: Intervals) -> Intervals:
    """The same moments as intervals that neither overlap nor touch, in order."""
    spans = spans[spans[:, 0] < spans[:, 1]]
    if not len(spans):
        return np.empty((0, 2))
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    reached = np.maximum.accumulate(spans[:, 1])
    first = np.concatenate([[True], spans[1:, 0] > reached[:-1]])
    last = np.concatenate([first[1:], [True]])
    return np.stack([spans[first, 0], reached[last]], axis=1)


def length(spans: Intervals) -> float:
    """Seconds in intervals that do not overlap."""
    return float((spans[:, 1] - spans[:, 0]).sum())
