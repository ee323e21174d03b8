"""What the runs of a study say, in plain sentences that never claim more than the repeats show.

Two runs differ when the 95 % interval of their ratio leaves out all ratios that equal runs were seen to have
on such a device, or on two of them (`batchscope.statistics.intervals.verdict`); with fewer than `ENOUGH`
repeats nothing is claimed. Invalid and failed runs are never compared; runs from different environments only
where the configuration asks for it (``across``), and then the sentence says so.
"""

from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd

from batchscope.config.studies import Plot
from batchscope.reporting.numbers import capitalised, show_interval, show_ratio
from batchscope.reporting.wording import fault, run_in_words, varying
from batchscope.results.comparison import SPEED, comparable, on_two_gpus, ratio
from batchscope.results.frames import column_of
from batchscope.statistics.intervals import BETWEEN_GPUS, ENOUGH, SPREAD, verdict


def findings(runs: pd.DataFrame, plot: Plot, *, across: bool = False) -> list[str]:
    """The sentences of one study, the most telling first.

    Runs that differ in the plot's series alone (packed and separate at one n) are compared with each other;
    where a run differs so from no other, the fastest of each such group too. ``across``: of different
    environments too.
    """
    settings = varying(runs)
    valid = runs[runs["valid"]]
    groups = [_ranked(group) for _, group in _groups(valid, plot, settings)] or [_ranked(valid)]
    pairs = [(group[0], other) for group in groups for other in group[1:]]
    if any(len(group) == 1 for group in groups):
        first, *others = _ranked(pd.DataFrame([group[0] for group in groups]))
        pairs += [(first, other) for other in others]
    sentences = [compare(fast, slow, settings, across=across) for fast, slow in pairs]
    left_out = [
        f"Left out: {run_in_words(run, settings)}, {fault(run)}."
        for _, run in runs[~runs["valid"]].iterrows()
    ]
    return [*(sentences or [_nothing_to_compare(valid, settings)]), *left_out]


def _groups(runs: pd.DataFrame, plot: Plot, settings: Sequence[str]) -> list[tuple[Hashable, pd.DataFrame]]:
    keys = [name for name in settings if name != column_of(plot.series)]
    return list(runs.groupby(keys, sort=False, dropna=False)) if keys else []


def _nothing_to_compare(valid: pd.DataFrame, settings: Sequence[str]) -> str:
    if valid.empty:
        return "No answer: there is no valid run."
    run = valid.iloc[0]
    return f"No comparison: the only valid run is {run_in_words(run, settings)}, {run[SPEED]:,.1f} texts/s."


def _ranked(runs: pd.DataFrame) -> "list[pd.Series[Any]]":
    """The fastest first."""
    return [run for _, run in runs.sort_values(SPEED, ascending=False, kind="stable").iterrows()]


def compare(
    fast: "pd.Series[Any]", slow: "pd.Series[Any]", settings: Sequence[str], *, across: bool = False
) -> str:
    """One sentence on two valid runs; ``fast`` has the higher median."""
    first, second = run_in_words(fast, settings), run_in_words(slow, settings)
    if not comparable(fast, slow, across=across):
        return f"Not compared: {first} and {second} were measured in different environments."
    apart = "" if comparable(fast, slow, across=False) else " (different environments)"
    spread = max(SPREAD[run["device"]] for run in (fast, slow))
    if on_two_gpus(fast, slow):
        spread, apart = max(spread, BETWEEN_GPUS), apart or " (on two GPUs)"
    found = ratio(fast, slow)
    published = f"; published on one H800: {show_ratio(found.published)}" if found.published else ""
    if found.interval is None:
        repeats = min(fast["repeats"], slow["repeats"])
        return (
            f"Too few repeats to tell {first} from {second} "
            f"({show_ratio(found.middle)} as many texts/s, {repeats} of {ENOUGH} repeats needed{published})"
            f"{apart}."
        )
    basis = f"{_repeats(fast['repeats'], slow['repeats'])}{published}"
    said = verdict(found.interval, spread=spread)
    if said == "slower":  # medians and means disagree
        return compare(slow, fast, settings, across=across)
    middle, low, high = show_interval(found.interval)
    if said == "faster":
        return capitalised(
            f"{first} label {middle} as many texts per second as {second} "
            f"(95 % interval {low} to {high}; {basis}){apart}."
        )
    size = f" of more than {100 * spread:.0f} %" if found.interval.low > 1 else ""
    return f"No difference{size} seen between {first} and {second} (ratio {low} to {high}; {basis}){apart}."


def _repeats(first: int, second: int) -> str:
    return f"{first} repeats each" if first == second else f"{first} and {second} repeats"
