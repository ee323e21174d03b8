"""The metrics: one registry, pure functions.

To add a metric, write its function and one entry in `METRICS`: it then has its columns in every table
(``name``, ``name_low``, ``name_high``), and its published figure beside it if ``published`` gives one.
A figure that is not known is NaN; then the run has none.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from batchscope.results.cost_inputs import flops_of, peak_flops
from batchscope.results.published import PublishedRun
from batchscope.results.records import Repeat, RunRecord
from batchscope.statistics.intervals import Ending, Interval, interval, sample


def request_throughput(run: RunRecord, repeat: Repeat) -> float:
    """Requests per second: requests / seconds (vLLM's request throughput)."""
    return repeat.requests / repeat.seconds


def total_token_throughput(run: RunRecord, repeat: Repeat) -> float:
    """Tokens per second: (prompt + output tokens) / seconds (vLLM's total token throughput).

    Prompt tokens that came from the prefix cache count, as in vLLM.
    """
    return repeat.total_tokens / repeat.seconds


def output_throughput(run: RunRecord, repeat: Repeat) -> float:
    """Output tokens per second: output tokens / seconds (vLLM's output token throughput)."""
    return repeat.output_tokens / repeat.seconds


def reviews_per_s(run: RunRecord, repeat: Repeat) -> float:
    """Reviews per second: reviews x duplicates / seconds; what both layouts can be compared by."""
    return run.measurement.reviews / repeat.seconds


def duration(run: RunRecord, repeat: Repeat) -> float:
    """Seconds of the timed window, from the first request's submission to the last one's end."""
    return repeat.seconds


def joules_per_review(run: RunRecord, repeat: Repeat) -> float:
    """Energy that the GPUs took in the timed window for one review, in joules; the host's is not in it.

    NaN on CPU, and where the window was too short to tell. Lower is better.
    """
    return math.nan if repeat.energy_j is None else repeat.energy_j / run.measurement.reviews


def mfu(run: RunRecord, repeat: Repeat) -> float:
    """Model FLOP/s over the peak of the GPUs at the run's precision, as a share (Chowdhery et al., PaLM).

    What the prefix cache held is not counted. NaN where the model's shape or the device is not known.
    """
    flops, peak = flops_of(run), peak_flops(run)
    return math.nan if flops is None or peak is None else flops / repeat.seconds / peak


@dataclass(frozen=True)
class Score:
    """Labels of one repeat, duplicates counted each time, as they are in the run's speed."""

    asked: int
    found: int
    """labels that the answers hold for the reviews asked about; surplus ones are none"""
    right: int
    """those equal to the gold label"""


def score(run: RunRecord, repeat: Repeat) -> Score | None:
    """How a repeat's reviews were labelled.

    None without labels, and with random weights, whose labels mean nothing.
    """
    if run.labels.empty or random_weights(run.measurement.spec.model.load_format):
        return None
    number = next(index for index, each in enumerate(run.measurement.repeats) if each is repeat)
    rows = run.labels.loc[run.labels["repeat"] == number, ["label", "gold"]]
    right = rows["label"].to_numpy(object) == rows["gold"].to_numpy(object)
    return Score(len(rows), int(rows["label"].notna().sum()), int(right.sum()))


def random_weights(load_format: str) -> bool:
    """Whether the engine made weights up, so that labels mean nothing."""
    return load_format == "dummy"


def accuracy(run: RunRecord, repeat: Repeat) -> float:
    """Right labels over labels asked for, as a share; a missing label is wrong."""
    found = score(run, repeat)
    return found.right / found.asked if found else math.nan


def label_coverage(run: RunRecord, repeat: Repeat) -> float:
    """Labels found over labels asked for, as a share; a surplus label belongs to no review and counts not."""
    found = score(run, repeat)
    return found.found / found.asked if found else math.nan


def correct_reviews_per_s(run: RunRecord, repeat: Repeat) -> float:
    """Reviews labelled right per second: right labels / seconds."""
    found = score(run, repeat)
    return found.right / repeat.seconds if found else math.nan


def joules_per_correct_review(run: RunRecord, repeat: Repeat) -> float:
    """Energy that the GPUs took in the timed window for one review labelled right, in joules.

    NaN where `joules_per_review` is, and where no label was right. Lower is better.
    """
    found = score(run, repeat)
    if found is None or found.right == 0 or repeat.energy_j is None:
        return math.nan
    return repeat.energy_j / found.right


@dataclass(frozen=True)
class Metric:
    """A figure of one repeat, and how it is shown."""

    name: str
    """column name"""
    label: str
    """axis and heading"""
    unit: str
    of: Callable[[RunRecord, Repeat], float]
    published: Callable[[PublishedRun], float] | None = None
    """the same figure from a row of the published table"""


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "request_throughput",
            "Request throughput",
            "requests/s",
            request_throughput,
            lambda row: row.requests_per_s,
        ),
        Metric(
            "total_token_throughput",
            "Total token throughput",
            "tokens/s",
            total_token_throughput,
            lambda row: row.total_tokens_per_s,
        ),
        Metric(
            "output_throughput",
            "Output token throughput",
            "tokens/s",
            output_throughput,
            lambda row: row.output_tokens_per_s,
        ),
        Metric(
            "reviews_per_s", "Reviews labelled", "reviews/s", reviews_per_s, lambda row: row.reviews_per_s
        ),
        Metric("duration_s", "Duration of one repeat", "s", duration),
        Metric("joules_per_review", "GPU energy", "J/review", joules_per_review),
        Metric("accuracy", "Accuracy", "share", accuracy),
        Metric("label_coverage", "Label coverage", "share", label_coverage),
        Metric("correct_reviews_per_s", "Reviews labelled right", "correct reviews/s", correct_reviews_per_s),
        Metric(
            "joules_per_correct_review",
            "GPU energy per right label",
            "J/correct review",
            joules_per_correct_review,
        ),
        Metric("mfu", "Share of peak FLOP/s", "MFU", mfu),
    )
}


@dataclass(frozen=True)
class Summary:
    """A metric over the repeats of one run: median, and the interval where there are repeats enough."""

    median: float
    interval: Interval | None


def summarise(values: Sequence[float], ending: Ending = "fixed") -> Summary | None:
    """Median of the repeats' values with the 95 % interval; None without repeats or where one has none."""
    if not values or any(map(math.isnan, values)):
        return None
    found = sample(values, ending)
    return Summary(median(values), interval(found) if found else None)
