"""Which runs may be compared, and by how much one is faster than another."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from batchscope.results.frames import cell_value
from batchscope.statistics.intervals import ENOUGH, Interval, Sample
from batchscope.statistics.intervals import ratio as ratio_of_samples

SPEED = "texts_per_s"
"""What runs are compared by: the only figure that means the same for both layouts."""


def comparable(run: "pd.Series[Any]", other: "pd.Series[Any]", *, across: bool) -> bool:
    """Whether two valid runs may be compared: made in one environment, or ``across`` allows others."""
    return across or bool(run["fingerprint"] == other["fingerprint"])


def on_two_gpus(run: "pd.Series[Any]", other: "pd.Series[Any]") -> bool:
    """Whether two runs are known to have been measured on different GPUs, of one kind or not."""
    ids = cell_value(run["gpu_ids"]), cell_value(other["gpu_ids"])
    return None not in ids and ids[0] != ids[1]


@dataclass(frozen=True)
class Ratio:
    """Texts per second of one run over another's."""

    middle: float
    interval: Interval | None
    """None where there are too few repeats"""
    published: float | None


def ratio(run: "pd.Series[Any]", base: "pd.Series[Any]") -> Ratio:
    """Ratio with its interval (repeats too few: of medians, without one), and the published ratio."""
    theirs, base_theirs = cell_value(run[f"published.{SPEED}"]), cell_value(base[f"published.{SPEED}"])
    published = theirs / base_theirs if theirs and base_theirs else None
    if min(run["repeats"], base["repeats"]) < ENOUGH:
        return Ratio(run[SPEED] / base[SPEED], None, published)
    found = ratio_of_samples(_sample(run), _sample(base))
    return Ratio(found.middle, found, published)


def _sample(run: "pd.Series[Any]") -> Sample:
    """The run's repeats; a rate's logarithms spread as those of its seconds do."""
    middle = math.log(run[f"{SPEED}_low"] * run[f"{SPEED}_high"]) / 2
    return Sample(middle, run["noise"], int(run["repeats"]), run["ending"])
