"""A run in all of its engine starts: which of them count, and its figures over those that do.

One start is a run by itself, with a folder of its own (`batchscope.studies.starts`). Its repeats make its
mean, and the interval of a run with several is over starts (`batchscope.statistics.replicates`). Labels, and
all that is made of them, are those of the first start that counts.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, geometric_mean, stdev
from typing import Any

import pandas as pd

from batchscope.results.gates import Validity, validity_of
from batchscope.results.label_rows import Labels
from batchscope.results.metrics.label_quality import random_weights
from batchscope.results.metrics.metric import Metric, Summary, summarise
from batchscope.results.metrics.registry import METRICS
from batchscope.results.records import Measurement, RunRecord
from batchscope.statistics.accuracy import counted_once
from batchscope.statistics.intervals import Sample, sample
from batchscope.statistics.replicates import ENOUGH_UNITS, Replicates, Start, estimate
from batchscope.statistics.spread import Regime, regime_of
from batchscope.statistics.steadiness import two_states
from batchscope.studies.starts import name_of_run

Row = dict[str, Any]

SPEED = "texts_per_s"
"""What runs are compared by: the only figure that means the same for both layouts."""


@dataclass(frozen=True)
class StartedRun:
    """A run with all of its engine starts, the first one first."""

    starts: tuple[RunRecord, ...]

    @cached_property
    def verdicts(self) -> tuple[Validity, ...]:
        """Whether each start counts."""
        return tuple(map(validity_of, self.starts))

    @cached_property
    def counted(self) -> tuple[RunRecord, ...]:
        """The starts that count; where none does, the first alone stands for the run."""
        pairs = zip(self.starts, self.verdicts, strict=True)
        return tuple(start for start, verdict in pairs if verdict.valid) or self.starts[:1]

    @property
    def first(self) -> RunRecord:
        """What stands for the run in all that is not a mean: its first start that counts."""
        return self.counted[0]

    @property
    def validity(self) -> Validity:
        """Whether the run counts: any of its starts does."""
        return self.verdicts[self.starts.index(self.first)]

    @property
    def regime(self) -> Regime:
        """What the run waits for, on the whole."""
        shares = [share for start in self.counted if (share := utilization(start)) == share]
        return regime_of(self.first.environment.device, fmean(shares) if shares else None)


def started_runs(records: Sequence[RunRecord]) -> list[StartedRun]:
    """The runs, each with its starts, in the order of their first ones."""
    found: dict[tuple[str, str], list[RunRecord]] = {}
    for record in records:
        found.setdefault(key_of(record.measurement), []).append(record)
    return [
        StartedRun(tuple(sorted(starts, key=lambda each: each.measurement.spec.start)))
        for starts in found.values()
    ]


def key_of(run: Measurement) -> tuple[str, str]:
    """Study and run, whichever start it is."""
    return run.study, name_of_run(run.run) if run.spec.start > 1 else run.run


def utilization(record: RunRecord) -> float:
    """Mean share of the timed seconds in which the device computed; NaN where it was not sampled."""
    return float(record.hardware["utilization"].astype(float).mean())


def gpu_ids(record: RunRecord) -> str | None:
    """The GPUs that a start was on; None where they are not known, and on CPU."""
    gpu = record.environment.gpu
    return " ".join(gpu.ids) or None if gpu else None


def metric_of(run: StartedRun, metric: Metric) -> Summary | None:
    """A run's figure with its interval: over its starts where there are several."""
    if len(run.counted) == 1 or metric.of_labels:
        return metric_in_start(run.first, metric)
    parts = [metric_in_start(start, metric) for start in run.counted]
    middles = [part.middle for part in parts if part]
    if len(middles) < len(parts):
        return None
    samples = [_sample(start, metric) for start in run.counted]
    if None in samples:
        middle = geometric_mean(middles) if min(middles) > 0 else fmean(middles)
        return Summary(middle, None)
    found = estimate(_replicates(run, [each for each in samples if each])).interval()
    return Summary(found.middle, found)


def metric_in_start(start: RunRecord, metric: Metric) -> Summary | None:
    """A figure of one start, with its repeatability there."""
    run = start.measurement
    return summarise([metric.of(start, repeat) for repeat in run.repeats], run.ending)


def _sample(start: RunRecord, metric: Metric) -> Sample | None:
    run = start.measurement
    return sample([metric.of(start, repeat) for repeat in run.repeats], run.ending)


def _replicates(run: StartedRun, samples: Sequence[Sample]) -> Replicates:
    starts = (
        Start(gpu_ids(start) or "", start.measurement.run, each)
        for start, each in zip(run.counted, samples, strict=True)
    )
    return Replicates(tuple(starts), run.regime)


def each_start(run: StartedRun) -> list[Row]:
    """What comparisons need of each start that counts: where and when it was, and its repeats' logarithms.

    Of starts from before there were ids nothing says which runs shared them: each has the run's own name.
    """
    found = []
    for start in run.counted:
        values, measured = _sample(start, METRICS[SPEED]), start.measurement
        where = {"folder": measured.run, "start_id": measured.engine.start_id or measured.id}
        found.append({**where, "gpu": gpu_ids(start), **(vars(values) if values else {})})
    return found


def starts_of_row(cell: Sequence[Mapping[str, Any]]) -> tuple[Start, ...]:
    """The starts that `each_start` wrote down, of a run with repeats enough in each."""
    return tuple(
        Start(
            each["gpu"] or "",
            each["start_id"],
            Sample(each["log_mean"], each["log_sd"], each["count"], each["ending"]),
        )
        for each in cell
    )


def labels_of_runs(labels: Labels, runs: pd.DataFrame) -> Labels:
    """Rows of labels by study and run; of a run with several starts, those of the first that counts."""
    found = dict(labels)
    if "each_start" in runs:
        for _, run in runs[runs["each_start"].notna()].iterrows():
            first = json.loads(run["each_start"])[0]["folder"]
            if (rows := labels.get((run["study"], first))) is not None:
                found[run["study"], run["run"]] = rows
    return found


def left_out(run: StartedRun) -> str | None:
    """The starts of a run that do not count, though others do, with the reason; None where there is none."""
    if not run.validity.valid:
        return None
    named = [
        f"start {start.measurement.spec.start} ({_why(verdict)})"
        for start, verdict in zip(run.starts, run.verdicts, strict=True)
        if not verdict.valid
    ]
    return ", ".join(named) or None


def _why(verdict: Validity) -> str:
    codes = ", ".join(dict.fromkeys(item.code for item in verdict.invalid))
    return codes if verdict.status == "ok" else verdict.status


def is_unsteady(run: StartedRun) -> bool:
    """Whether a start's repeats stand in two states, and starts are too few to settle which one lasts."""
    apart = (two_states([each.seconds for each in start.measurement.repeats]) for start in run.counted)
    return len(run.counted) < ENOUGH_UNITS and any(apart)


def noise_within(run: StartedRun) -> float:
    """Standard deviation of ln(seconds) inside of a start, over all of them; NaN with single repeats."""
    logs = [[math.log(each.seconds) for each in start.measurement.repeats] for start in run.counted]
    spreads = [(stdev(each), len(each) - 1) for each in logs if len(each) > 1]
    if len(spreads) < 2:
        return spreads[0][0] if spreads else math.nan
    return math.sqrt(sum(free * sd**2 for sd, free in spreads) / sum(free for _, free in spreads))


def texts_labelled_otherwise(run: StartedRun) -> int | None:
    """Texts whose label is not the same in all starts; None with random weights, and without labels."""
    tables = [counted_once(start.labels) for start in run.counted if not start.labels.empty]
    if len(tables) < 2 or random_weights(run.first.measurement.spec.model.load_format):
        return None
    labels = pd.concat([table.set_index("text_id")["label"].astype(object) for table in tables], axis=1)
    return int((labels.fillna("").nunique(axis=1) > 1).sum())
