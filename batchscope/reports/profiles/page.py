"""The page of profiles: shares and rates by class, packed against separate, idle time and its place."""

import math
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from batchscope.profiling.kernel_classes import CLASSES, IDLE, Rule, steps_by_class, window_steps
from batchscope.reporting.numbers import counted, percent
from batchscope.reporting.page import Page, Row, Table
from batchscope.reporting.provenance import captured_on
from batchscope.reports.profiles.frame import Profile, captures_of_one_run, class_frame, packed_and_separate

TITLE = "profiles"
QUESTION = "Where does the time inside an engine step go?"
CLASS = ("", "class")
GIGA = 1e9
RAW = "*.pt.trace.json*", "*profiler_out*.txt", "*.nsys-rep", "*.sqlite", "*.csv"
"""Files of a capture that have readers of their own."""


PHASE_WORDS = {"prefill": "of prompts", "decode": "of answers"}

SHOWN = 0.0005
"""Shares below are none, to the decimal that is shown."""


def profiles_page(profiles: Sequence[Profile], rules: Sequence[Rule], folder: Path) -> Page:
    """The page of all captures; links to raw files start at ``folder``, where the page lies."""
    frames = {profile.name: class_frame(profile, rules) for profile in profiles}
    return Page(
        title=TITLE,
        question=QUESTION,
        findings=[
            *(_where_it_goes(profile, frames[profile.name], rules) for profile in profiles),
            *(
                _difference(packed, separate, frames[packed.name], frames[separate.name])
                for packed, separate in packed_and_separate(profiles)
            ),
            *(
                _agreement(one, other, frames[one.name], frames[other.name])
                for one, other in captures_of_one_run(profiles)
            ),
        ],
        context=list(dict.fromkeys(captured_on(profile.environment) for profile in profiles)),
        table=_table(profiles, frames),
        notes=[*map(_overhead, profiles), *_notes(profiles)],
        files=[
            Path(os.path.relpath(path, folder)).as_posix()
            for profile in profiles
            for path in raw_files(profile.folder)
        ],
    )


def raw_files(folder: Path) -> list[Path]:
    """What the profiler wrote, for its own viewer."""
    return sorted(path for pattern in RAW for path in folder.glob(pattern))


def _where_it_goes(profile: Profile, frame: pd.DataFrame, rules: Sequence[Rule]) -> str:
    """The three largest classes, then idle time and its place."""
    shares = frame["share"].drop(IDLE).sort_values(ascending=False, kind="stable")
    largest = ", ".join(f"{name} {percent(share)}" for name, share in shares[shares >= SHOWN].head(3).items())
    steps = steps_by_class(profile.events, profile.steps, rules)
    total = frame["seconds"].sum()
    inside, behind = (steps[name].sum() / total for name in ("idle_inside", "idle_behind"))
    return (
        f"{profile.name}, {counted(len(steps), 'step')} of {tokens_a_step(profile)}: {largest}. "
        f"Idle {percent(frame['share'][IDLE])}: "
        f"{percent(inside)} while a step runs, {percent(behind)} between steps."
    )


def _difference(packed: Profile, separate: Profile, first: pd.DataFrame, second: pd.DataFrame) -> str:
    """Time a token, and the two classes in which it differs most, where that is a share worth showing.

    A prompt's token and an answer's are not alike: reading the weights is shared by a step's tokens.
    """
    if packed.phase != separate.phase:
        return (
            f"{packed.run} and {separate.run} ({packed.profiler}) are not compared token by token: the "
            f"one computes mostly tokens {PHASE_WORDS[packed.phase]}, the other "
            f"{PHASE_WORDS[separate.phase]}; profile.at says where in the pass a window lies."
        )
    delta = first["us_per_token"] - second["us_per_token"]
    total = first["us_per_token"].sum()
    largest = delta.reindex(delta.abs().sort_values(ascending=False, kind="stable").index).head(2)
    parts = [f"{name} {value:+.2g} µs" for name, value in largest.items() if abs(value) >= SHOWN * total]
    return (
        f"A token of {packed.run} takes {total:.3g} µs, one of {separate.run} "
        f"{second['us_per_token'].sum():.3g} µs ({packed.profiler})"
        f"{'; the difference: ' if parts else ''}{', '.join(parts)}."
    )


def tokens_a_step(profile: Profile) -> str:
    """What a step of the window computes on average, in words."""
    steps = len(window_steps(profile.steps))
    each = {phase: round(tokens / steps) for phase, tokens in profile.tokens_by_phase.items() if tokens}
    return " and ".join(f"{count:,} tokens {PHASE_WORDS[phase]}" for phase, count in each.items())


def _agreement(one: Profile, other: Profile, first: pd.DataFrame, second: pd.DataFrame) -> str:
    """How far two profilers' shares are apart, and in which class."""
    apart = (first["share"] - second["share"]).abs()
    return (
        f"{one.run}: shares by {one.profiler} and by {other.profiler} differ by at most "
        f"{100 * apart.max():.2g} percentage points ({apart.idxmax()})."
    )


def _table(profiles: Sequence[Profile], frames: dict[str, pd.DataFrame]) -> Table:
    """One row a class; a group of columns for each capture, then for each difference."""
    rows: list[Row] = [{CLASS: name} for name in (*CLASSES, "window")]
    for profile in profiles:
        frame, steps = frames[profile.name], len(window_steps(profile.steps))
        for row, name in zip(rows, CLASSES, strict=False):
            cells = frame.loc[name]
            row[profile.name, "% of window"] = f"{100 * cells['share']:.1f}"
            row[profile.name, "ms/step"] = f"{1e3 * cells['seconds'] / steps:.3g}"
            row[profile.name, "GFLOP/s"] = _giga(float(frame["flops_per_s"][name]))
            row[profile.name, "GB/s"] = _giga(float(frame["bytes_per_s"][name]))
        rows[-1][profile.name, "% of window"] = f"{100 * frame['share'].sum():.1f}"
        rows[-1][profile.name, "ms/step"] = f"{1e3 * frame['seconds'].sum() / steps:.3g}"
    for packed, separate in packed_and_separate(profiles):
        group = f"{packed.run} minus {separate.run} ({packed.profiler})"
        delta = frames[packed.name] - frames[separate.name]
        for row, name in zip(rows, CLASSES, strict=False):
            row[group, "% points"] = f"{100 * delta['share'][name]:+.1f}"
            if packed.phase == separate.phase:
                row[group, "µs/token"] = f"{delta['us_per_token'][name]:+.3g}"
        if packed.phase == separate.phase:
            rows[-1][group, "µs/token"] = f"{delta['us_per_token'].sum():+.3g}"
    return Table.of_rows(rows)


def _overhead(profile: Profile) -> str:
    """How much slower the profiler made the steps; passes without it differ too, and show by how much."""
    window = profile.window
    plain = window["pass_seconds_without"]
    whole = f"; the whole pass took {window['pass_seconds_with']:.3g} s, without profiler {_seconds(plain)}"
    size = f"{profile.name}: {window['capture_bytes'] / 1e6:,.1f} MB"
    if window["overhead"] is None:
        return f"{size}; too few steps to tell how much the profiler slowed them{whole}."
    return (
        f"{size}; {counted(window['compared_steps'], 'step')} took {window['seconds_with']:.3g} s, without "
        f"profiler {_seconds(window['seconds_without'])}: overhead {100 * window['overhead']:+.1f} %{whole}."
    )


def _seconds(passes: Sequence[float]) -> str:
    return f"{' and '.join(f'{seconds:.3g}' for seconds in passes)} s"


def _notes(profiles: Sequence[Profile]) -> list[str]:
    lines = [
        "The window begins with the second captured step and ends with the beginning of the last one; every "
        "moment of it is in one class. Where streams overlap it is in the class that stands further up.",
        "GFLOP/s and GB/s are what the cost model says that these steps' matrix products and attention "
        "compute and move, over the time they took; empty where the steps were others than simulated.",
    ]
    if any(profile.environment["gpu"] is None for profile in profiles):
        lines.append(
            "Without a GPU the classes are those of the worker's main thread: what it does between "
            "operators, such as Python, is idle."
        )
    return lines


def _giga(value: float) -> str:
    if math.isnan(value):
        return ""
    short = f"{value / GIGA:.3g}"
    return short if value < 1000 * GIGA else f"{float(short):,.0f}"
