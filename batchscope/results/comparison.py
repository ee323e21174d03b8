"""Which runs may be compared, and by how much one is faster than another."""

import json
import math
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from batchscope.results import over_starts
from batchscope.results.frames import cell_value
from batchscope.statistics import replicates
from batchscope.statistics.intervals import ENOUGH, Interval, Sample
from batchscope.statistics.intervals import ratio as ratio_of_samples
from batchscope.statistics.replicates import Estimate, Replicates, Start
from batchscope.statistics.spread import regime_of

SPEED = over_starts.SPEED


def comparable(run: "pd.Series[Any]", other: "pd.Series[Any]", *, across: bool) -> bool:
    """Whether two valid runs may be compared: made in one environment, or ``across`` allows others."""
    return across or bool(run["fingerprint"] == other["fingerprint"])


def on_two_gpus(run: "pd.Series[Any]", other: "pd.Series[Any]") -> bool:
    """Whether two runs are known to have been measured on different GPUs, of one kind or not."""
    ids = cell_value(run["gpu_ids"]), cell_value(other["gpu_ids"])
    return None not in ids and ids[0] != ids[1]


@dataclass(frozen=True)
class Ratio:
    """Texts per second of one run over another's, as these starts and repeats had it."""

    middle: float
    interval: Interval | None
    """over engine starts where a run has several, else repeatability on one engine start; None where there
    are too few repeats"""
    published: float | None


@dataclass(frozen=True)
class Likely:
    """The same ratio as it would come out again, on another engine start."""

    estimate: Estimate
    spread: float
    """what engine starts, and GPUs where there are two, differ by in 95 % of cases, as a share"""
    settled: bool = False
    """whether the starts of both runs are enough to know their spread from themselves"""


def ratio(run: "pd.Series[Any]", base: "pd.Series[Any]") -> Ratio:
    """Ratio with its interval (repeats too few: without one), and the published ratio."""
    published = _published(run, base)
    if min(run["repeats"], base["repeats"]) < ENOUGH:
        return Ratio(run[SPEED] / base[SPEED], None, published)
    if max(starts_of(run), starts_of(base)) > 1:
        again = likely(run, base).estimate.interval()
        return Ratio(again.middle, again, published)
    found = ratio_of_samples(_sample(run), _sample(base))
    return Ratio(found.middle, found, published)


def _published(run: "pd.Series[Any]", base: "pd.Series[Any]") -> float | None:
    """The published ratio of the same two; none where theirs had as many texts and ours have not."""
    theirs, others = cell_value(run[f"published.{SPEED}"]), cell_value(base[f"published.{SPEED}"])
    if not (theirs and others):
        return None
    texts, published = ([each[name] for each in (run, base)] for name in ("texts", "published.texts"))
    return theirs / others if texts[0] * published[1] == texts[1] * published[0] else None


def starts_of(run: "pd.Series[Any]") -> int:
    """How many engine starts a valid run's figures are over."""
    return int(run["starts"])


def shared_starts(run: "pd.Series[Any]", base: "pd.Series[Any]") -> int:
    """How many engine starts two runs, each with several, have in common: if all, they are pairs."""
    mine, its = ({(start.gpu, start.name) for start in _starts(each, known=True)} for each in (run, base))
    return len(mine & its)


def likely(run: "pd.Series[Any]", base: "pd.Series[Any]") -> Likely:
    """What to expect of the ratio elsewhere; both runs must have repeats enough."""
    known = None not in (cell_value(run["gpu_ids"]), cell_value(base["gpu_ids"]))
    mine, its = (_replicates(each, known=known) for each in (run, base))
    quiet = replicates.ratio(_without_repeats(mine), _without_repeats(its)).interval()
    settled = mine.settled and its.settled
    return Likely(replicates.ratio(mine, its), quiet.high / quiet.middle - 1, settled)


def _replicates(run: "pd.Series[Any]", *, known: bool) -> Replicates:
    regime = regime_of(run["device"], cell_value(run["utilization"]))
    return Replicates(_starts(run, known=known), regime)


def _starts(run: "pd.Series[Any]", *, known: bool) -> tuple[Start, ...]:
    """The run's engine starts; where GPUs are not ``known``, all are taken to be on the same one."""
    if starts_of(run) > 1 and (written := cell_value(run["each_start"])):
        found = over_starts.starts_of_row(json.loads(written))
    else:
        gpu = cell_value(run["gpu_ids"]) or ""
        found = (Start(gpu, f"{run['study']}/{run['run']}", _sample(run)),)
    return found if known else tuple(replace(start, gpu="") for start in found)


def _without_repeats(run: Replicates) -> Replicates:
    """The same, had repeats no spread."""
    still = (replace(start, repeats=replace(start.repeats, log_sd=0.0)) for start in run.starts)
    return replace(run, starts=tuple(still))


def _sample(run: "pd.Series[Any]") -> Sample:
    """The run's repeats; a rate's logarithms spread as those of its seconds do."""
    middle = math.log(run[f"{SPEED}_low"] * run[f"{SPEED}_high"]) / 2
    return Sample(middle, run["noise"], int(run["repeats"]), run["ending"])
