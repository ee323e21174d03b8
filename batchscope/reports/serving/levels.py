"""The loads of a sweep: all passes of one load, such as with different seeds, are one level."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from batchscope.config.serving import Load
from batchscope.reports.serving.sweeps import Sweep
from batchscope.reports.serving.wording import CLOSED
from batchscope.results.frames import cell_value
from batchscope.statistics.blocks import over_passes
from batchscope.statistics.intervals import Interval
from batchscope.statistics.knee import Knee, knee
from batchscope.statistics.queue_growth import Queue


@dataclass(frozen=True, eq=False)
class Level:
    """One load of a sweep."""

    passes: pd.DataFrame
    """rows of `serving_frame` that differ in their seed, or in how long they go on"""
    axis: str

    @property
    def asked(self) -> Any:
        """What was asked for: requests under way, or a second."""
        return cell_value(self.passes.iloc[0][self.axis])

    @property
    def fulfilled(self) -> bool:
        """Whether so many were under way, or came, as were asked for."""
        cells = self.passes["reached" if self.axis == CLOSED else "realised"]
        return bool(cells.fillna(False).astype(bool).all())

    @property
    def got(self) -> float:
        """How many were under way, or came in a second."""
        return float(self.passes["under_way" if self.axis == CLOSED else "sent_per_s"].mean())

    @property
    def place(self) -> float:
        """Where it is drawn: at what was asked for, if that was fulfilled, else at what it got."""
        return float(self.asked) if self.fulfilled else self.got

    @property
    def steady(self) -> bool:
        """Whether every pass has a steady window."""
        return bool(self.passes["steady_s"].notna().all())

    @property
    def counts(self) -> bool:
        """Whether a knee is looked for here: what was asked for was under way, in a steady window."""
        return self.steady and self.fulfilled

    @property
    def requests(self) -> int:
        """Requests of the shortest pass, failed ones included."""
        return int((self.passes["requests"] + self.passes["failed"]).min())

    @property
    def enough_requests(self) -> int | None:
        """How many a closed loop like this needs for a steady window."""
        return Load(max_concurrency=self.asked).enough_requests if self.axis == CLOSED else None

    @property
    def queue(self) -> Queue | None:
        """Of an open loop, over its passes; None where one has too few requests."""
        finished, growth = self.figure("finished"), self.figure("ttft_growth")
        return Queue(self.mean("came"), finished, growth) if finished and growth else None

    def figure(self, column: str) -> Interval | None:
        """A column's figure over the passes; None where one of them has no interval."""
        if f"{column}_low" not in self.passes:
            return None
        rows = self.passes[[f"{column}_low", column, f"{column}_high"]].astype(float)
        if rows.isna().any(axis=None):
            return None
        return over_passes([Interval(*row) for row in rows.itertuples(index=False)])

    def shown(self, column: str) -> float:
        """The steady window's figure, or the whole load's where there is none; NaN for a tail that grows."""
        if column.startswith("p99_") and self.queue and self.queue.verdict == "piles up":
            return float("nan")
        return self.mean(f"steady_{column}" if self.steady else column)

    def mean(self, column: str) -> float:
        """A column's mean over the passes."""
        return float(self.passes[column].astype(float).mean())


def levels(sweep: Sweep, axis: str) -> list[Level]:
    """A sweep's loads, from the smallest on."""
    return [Level(passes, axis) for _, passes in sweep.points.groupby(axis, sort=True)]


def knee_of(found: Sequence[Level]) -> Knee | None:
    """The knee, as places among a closed loop's levels that count; None where there are not two."""
    rates = [rate for level in found if level.counts and (rate := level.figure("steady_throughput"))]
    return knee(rates) if len(rates) > 1 else None
