"""What the runs of a study say, in plain sentences that never claim more than the repeats show.

Two runs differ when the 95 % interval of their ratio leaves out all ratios that equal runs were seen to have
on such a device, or on two of them (`batchscope.stats.verdict`); with fewer than `ENOUGH` repeats nothing is
claimed. Invalid and failed runs are never compared; runs from different environments only where
the configuration asks for it (``across``), and then the sentence says so.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from batchscope.analysis.frames import column_of, given
from batchscope.stats import BETWEEN_GPUS, ENOUGH, SPREAD, Interval, Sample, verdict
from batchscope.stats import ratio as ratio_of_samples
from batchscope.studies import Plot

METRIC = "reviews_per_s"
"""What runs are compared by: the only figure that means the same for both layouts."""

FAILURES = {"oom": "out of memory", "died": "engine died", "timeout": "timed out"}
"""Statuses of runs that did not end, in words."""

SETTINGS = (
    "layout",
    "n",
    "reviews",
    "duplicates",
    "reuse",
    "instruction",
    "decoding",
    "output_tokens_per_review",
    "model",
    "load_format",
)


def varying(runs: pd.DataFrame) -> list[str]:
    """Settings that tell the runs of a study apart, layout always among them; n where nothing else does.

    In ``packing`` the number of reviews follows n (each run has n reviews), so it tells nothing apart, nor
    does the prefix cache, which follows ``reuse``.
    """
    asked = [name for name in runs.columns if name.startswith("engine.")]
    differ = [name for name in (*SETTINGS, *asked) if runs[name].nunique(dropna=False) > 1]
    follows = {"layout"}
    if (runs["reviews"] == runs["n"]).all():
        follows.add("reviews")
    if "reuse" in differ:
        follows.add("engine.enable_prefix_caching")
    others = [name for name in differ if name not in follows]
    return ["layout", *(others or ["n"])]


def label(run: "pd.Series[Any]", settings: Sequence[str]) -> str:
    """A run in words: ``packed prompts (n=4, max_num_batched_tokens=default)``."""
    parts = [f"{name.rpartition('.')[2]}={show(run[name])}" for name in settings if name != "layout"]
    return f"{run['layout']} prompts ({', '.join(parts)})"


def show(value: object) -> str:
    """A setting's value; what was left to vLLM is its default."""
    value = given(value)
    if value is None:
        return "default"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, int) and value >= 1_000 else str(value)


def fault(run: "pd.Series[Any]") -> str:
    """Why a run does not count, in few words; empty for a valid run."""
    if run["valid"]:
        return ""
    return FAILURES.get(run["status"]) or f"invalid: {run['invalid']}"


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
        f"Left out: {label(run, settings)}, {fault(run)}." for _, run in runs[~runs["valid"]].iterrows()
    ]
    return [*(sentences or [_nothing_to_compare(valid, settings)]), *left_out]


def _groups(runs: pd.DataFrame, plot: Plot, settings: Sequence[str]) -> list[tuple[Hashable, pd.DataFrame]]:
    keys = [name for name in settings if name != column_of(plot.series)]
    return list(runs.groupby(keys, sort=False, dropna=False)) if keys else []


def _nothing_to_compare(valid: pd.DataFrame, settings: Sequence[str]) -> str:
    if valid.empty:
        return "No answer: there is no valid run."
    run = valid.iloc[0]
    return f"No comparison: the only valid run is {label(run, settings)}, {run[METRIC]:,.1f} reviews/s."


def _ranked(runs: pd.DataFrame) -> "list[pd.Series[Any]]":
    """The fastest first."""
    return [run for _, run in runs.sort_values(METRIC, ascending=False, kind="stable").iterrows()]


def comparable(run: "pd.Series[Any]", other: "pd.Series[Any]", *, across: bool) -> bool:
    """Whether two valid runs may be compared: made in one environment, or ``across`` allows others."""
    return across or bool(run["fingerprint"] == other["fingerprint"])


def on_two_gpus(run: "pd.Series[Any]", other: "pd.Series[Any]") -> bool:
    """Whether two runs are known to have been measured on different GPUs, be they of one kind."""
    ids = given(run["gpu_ids"]), given(other["gpu_ids"])
    return None not in ids and ids[0] != ids[1]


@dataclass(frozen=True)
class Ratio:
    """Reviews per second of one run over another's."""

    middle: float
    interval: Interval | None
    """None where there are too few repeats"""
    published: float | None


def ratio(run: "pd.Series[Any]", base: "pd.Series[Any]") -> Ratio:
    """Ratio with its interval (repeats too few: of medians, without one), and the published ratio."""
    theirs, base_theirs = given(run[f"published.{METRIC}"]), given(base[f"published.{METRIC}"])
    published = theirs / base_theirs if theirs and base_theirs else None
    if min(run["repeats"], base["repeats"]) < ENOUGH:
        return Ratio(run[METRIC] / base[METRIC], None, published)
    found = ratio_of_samples(_sample(run), _sample(base))
    return Ratio(found.middle, found, published)


def _sample(run: "pd.Series[Any]") -> Sample:
    """The run's repeats; a rate's logarithms spread as those of its seconds do."""
    middle = math.log(run[f"{METRIC}_low"] * run[f"{METRIC}_high"]) / 2
    return Sample(middle, run["noise"], int(run["repeats"]), run["ending"])


def compare(
    fast: "pd.Series[Any]", slow: "pd.Series[Any]", settings: Sequence[str], *, across: bool = False
) -> str:
    """One sentence on two valid runs; ``fast`` has the higher median."""
    first, second = label(fast, settings), label(slow, settings)
    if not comparable(fast, slow, across=across):
        return f"Not compared: {first} and {second} were measured in different environments."
    apart = "" if comparable(fast, slow, across=False) else " (different environments)"
    spread = max(SPREAD[run["device"]] for run in (fast, slow))
    if on_two_gpus(fast, slow):
        spread, apart = max(spread, BETWEEN_GPUS), apart or " (on two GPUs)"
    found = ratio(fast, slow)
    published = f"; published on one H800: {times(found.published)}" if found.published else ""
    if found.interval is None:
        repeats = min(fast["repeats"], slow["repeats"])
        return (
            f"Too few repeats to tell {first} from {second} "
            f"({times(found.middle)} as many reviews/s, {repeats} of {ENOUGH} repeats needed{published})"
            f"{apart}."
        )
    basis = f"{_repeats(fast['repeats'], slow['repeats'])}{published}"
    said = verdict(found.interval, spread=spread)
    if said == "slower":  # medians and means disagree
        return compare(slow, fast, settings, across=across)
    middle, low, high = in_figures(found.interval)
    if said == "faster":
        return _capital(
            f"{first} label {middle} as many reviews per second as {second} "
            f"(95 % interval {low} to {high}; {basis}){apart}."
        )
    size = f" of more than {100 * spread:.0f} %" if found.interval.low > 1 else ""
    return f"No difference{size} seen between {first} and {second} (ratio {low} to {high}; {basis}){apart}."


def _repeats(first: int, second: int) -> str:
    return f"{first} repeats each" if first == second else f"{first} and {second} repeats"


def times(value: float) -> str:
    """A ratio as people say it: 1.07x, 1.9x, 12x."""
    digits = 2 if value < 1.495 else 1 if value < 9.95 else 0
    return f"{value:.{digits}f}x"


def in_figures(found: Interval) -> tuple[str, str, str]:
    """Middle, low and high with as many decimals as tell them apart, and low from 1."""
    close = found.high - found.low < 0.02 or round(found.low, 2) == 1
    digits = 3 if close else 2 if found.middle < 9.95 else 1
    return f"{found.middle:.{digits}f}x", f"{found.low:.{digits}f}x", f"{found.high:.{digits}f}x"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
