"""What the runs of a study say, in plain sentences that never claim more than would come out again.

Each run is held against the study's baseline (`batchscope.reports.study.pairs`). One is called faster where
the ratio leaves out 1 with the spread of engine starts, and of GPUs, taken in
(`batchscope.statistics.replicates`), and still does after Holm's correction for all comparisons of the study.
With fewer than `ENOUGH` repeats nothing is claimed. Invalid and failed runs are never compared, nor those
whose passes stand in two states; runs from different environments only where the configuration asks for it
(``across``), and then the sentence says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from batchscope.config.studies import Plot
from batchscope.reporting.claims import doubt_of
from batchscope.reporting.numbers import capitalised, show_ratio
from batchscope.reporting.wording import fault, run_in_words, varying
from batchscope.reports.study.differences import range_in_words, size_in_words
from batchscope.reports.study.pairs import Pair, pairs
from batchscope.results.comparison import (
    SPEED,
    Likely,
    Ratio,
    clocks_apart,
    comparable,
    likely,
    on_two_gpus,
    ratio,
    shared_starts,
    starts_of,
)
from batchscope.results.frames import cell_value
from batchscope.statistics.intervals import ENOUGH, Interval
from batchscope.statistics.replicates import holm


@dataclass(frozen=True)
class Compared:
    """Two runs with repeats enough, the faster one first."""

    fast: "pd.Series[Any]"
    slow: "pd.Series[Any]"
    here: Interval
    """over engine starts where a run has several, else repeatability on one engine start"""
    again: Likely
    published: float | None

    @property
    def starts(self) -> tuple[int, int]:
        """Engine starts of the two, the fewer first."""
        few, many = sorted((starts_of(self.fast), starts_of(self.slow)))
        return few, many


def findings(runs: pd.DataFrame, plot: Plot, *, across: bool = False) -> list[str]:
    """The sentences of one study: each run against the baseline, then what was left out.

    Args:
        runs: the study's rows of the runs frame.
        plot: the study's axes and its baseline.
        across: compare runs from different environments too.
    """
    settings = varying(runs)
    valid = runs[runs["valid"]]
    steady = valid[~valid["unsteady"].astype(bool)]
    sentences = _compare_all(pairs(steady, plot, settings), settings, across)
    left_out = [_unsteady(run, settings) for _, run in valid[valid["unsteady"].astype(bool)].iterrows()]
    left_out += [_starts_left_out(run, settings) for _, run in valid.iterrows() if _lacks_starts(run)]
    left_out += [_left_out(run, settings) for _, run in runs[~runs["valid"]].iterrows()]
    return [*(sentences or [_nothing_to_compare(valid, steady, settings)]), *left_out]


def _compare_all(found: Sequence[Pair], settings: Sequence[str], across: bool) -> list[str]:
    """A sentence for each pair, with the chances of all of them taken together."""
    compared = [
        compare(*pair) if comparable(*pair, across=across) and not clocks_apart(*pair) else None
        for pair in found
    ]
    chances = [each.again.estimate.p for each in compared if isinstance(each, Compared)]
    adjusted = iter(holm(chances))
    sentences = []
    for pair, each in zip(found, compared, strict=True):
        if each is None:
            sentences.append(_not_compared(*pair, settings))
        elif isinstance(each, Compared):
            sentences.append(_sentence(each, settings, next(adjusted), len(chances)))
        else:
            sentences.append(_too_few(*pair, each, settings))
    return sentences


def compare(run: "pd.Series[Any]", base: "pd.Series[Any]") -> Compared | Ratio:
    """Two runs, the faster one first; a ratio without an interval where repeats are too few."""
    found = ratio(run, base)
    if found.interval is None:
        return found
    if found.middle < 1:
        return compare(base, run)
    return Compared(run, base, found.interval, likely(run, base), found.published)


def _sentence(compared: Compared, settings: Sequence[str], chance: float, of: int) -> str:
    """What is said of two runs; ``chance``: that equal ones look so, with all ``of`` comparisons."""
    first, second = (run_in_words(each, settings) for each in (compared.fast, compared.slow))
    here = range_in_words(compared.here)
    two = on_two_gpus(compared.fast, compared.slow)
    doubt = doubt_of(compared.again, chance, of, two_gpus=two)
    if doubt is None:
        found = compared.again.estimate.interval()
        size, link = size_in_words(found.middle)
        return capitalised(
            f"{first} are {size} {link} {second} "
            f"(95 % interval {range_in_words(found)}{_beyond_repeats(compared)}{_details(compared)})."
        )
    basis = f"{_basis(compared)}{_details(compared)}"
    if compared.here.low > 1:
        than = "as" if here.endswith("as fast") else "faster than"
        why = f"{doubt.words}, so not conclusive"
        return capitalised(f"{first} were {here} {than} {second} here; {why} ({basis}).")
    return f"No difference seen between {first} and {second}: {here} here ({basis})."


def _beyond_repeats(compared: Compared) -> str:
    """What an interval has beside repeats: the starts' own spread, or the documented one."""
    starts = "one engine start" if compared.starts == (1, 1) else _starts_in_words(compared)
    if compared.again.settled:
        return f" over {starts}, "
    between = on_two_gpus(compared.fast, compared.slow)
    where = "between two such GPUs" if between else "from start to start"
    return f", with a spread of {100 * compared.again.spread:.2g} % {where}; {starts}, "


def _basis(compared: Compared) -> str:
    if compared.starts == (1, 1):
        return "repeatability on one engine start, "
    return f"95 % interval over {_starts_in_words(compared)}, "


def _starts_in_words(compared: Compared) -> str:
    few, many = compared.starts
    return f"{few} engine starts" if few == many else f"{few} and {many} engine starts"


def _details(compared: Compared) -> str:
    """Repeats, the published figure, and what else a reader must know of two runs."""
    few, many = sorted((int(compared.fast["repeats"]), int(compared.slow["repeats"])))
    repeats = f"{few} repeats each" if few == many else f"{few} and {many} repeats"
    if compared.published:
        repeats += f"; published on one H800: {show_ratio(compared.published)}"
    return f"{repeats}{_not_paired(compared)}{_about(compared.fast, compared.slow)}"


def _not_paired(compared: Compared) -> str:
    """Whether two runs with several engine starts had some without the other: drift is in their ratio."""
    few, many = compared.starts
    shared = shared_starts(compared.fast, compared.slow) if few > 1 else many
    if shared == many:
        return ""
    return f"; not paired: they share {shared or 'none'} of {many} engine starts"


def _about(run: "pd.Series[Any]", base: "pd.Series[Any]") -> str:
    if not comparable(run, base, across=False):
        return "; different environments"
    return "; on two GPUs" if on_two_gpus(run, base) else ""


def _too_few(run: "pd.Series[Any]", base: "pd.Series[Any]", found: Ratio, settings: Sequence[str]) -> str:
    first, second = (run_in_words(each, settings) for each in (run, base))
    repeats = min(run["repeats"], base["repeats"])
    return (
        f"Too few repeats to tell {first} from {second} ({show_ratio(found.middle)} as many texts/s, "
        f"{repeats} of {ENOUGH} repeats needed{_about(run, base)})."
    )


def _not_compared(run: "pd.Series[Any]", base: "pd.Series[Any]", settings: Sequence[str]) -> str:
    first, second = (run_in_words(each, settings) for each in (run, base))
    how = (
        "at different clocks: the GPU's were fixed below their highest for one of them. Measure both again"
        if clocks_apart(run, base)
        else "in different environments"
    )
    return f"Not compared: {first} and {second} were measured {how}."


def _unsteady(run: "pd.Series[Any]", settings: Sequence[str]) -> str:
    """A run whose passes stand in two states."""
    return (
        f"Unsteady: {run_in_words(run, settings)}. Its passes stand in two states, so it is compared with "
        "nothing until more engine starts settle which one lasts."
    )


def _lacks_starts(run: "pd.Series[Any]") -> bool:
    return cell_value(run.get("starts_left_out")) is not None


def _starts_left_out(run: "pd.Series[Any]", settings: Sequence[str]) -> str:
    """A run that counts, though some of its engine starts do not."""
    return f"Left out of {run_in_words(run, settings)}: {run['starts_left_out']}."


def _left_out(run: "pd.Series[Any]", settings: Sequence[str]) -> str:
    """A run that does not count; of one that does not fit also what there is no room for."""
    why = f": {run['reason']}" if run["status"] == "unfit" else ""
    return f"Left out: {run_in_words(run, settings)}, {fault(run)}{why}."


def _nothing_to_compare(valid: pd.DataFrame, steady: pd.DataFrame, settings: Sequence[str]) -> str:
    if valid.empty:
        return "No answer: there is no valid run."
    if steady.empty:
        return "No answer: the passes of every valid run stand in two states."
    run, which = steady.iloc[0], "valid run" if len(steady) == len(valid) else "valid run in one state"
    if len(steady) > 1:
        return "No comparison: no run has a baseline to be held against."
    return f"No comparison: the only {which} is {run_in_words(run, settings)}, {run[SPEED]:,.1f} texts/s."
