"""The metrics: one registry, pure functions.

To add a metric, write its function and one entry in `METRICS`: it then has its columns in every table
(``name``, ``name_low``, ``name_high``), and its published figure beside it if ``published`` gives one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from batchscope.analysis.records import Measurement, Repeat
from batchscope.analysis.reference import PublishedRun
from batchscope.stats import Ending, Interval, interval, sample


def request_throughput(run: Measurement, repeat: Repeat) -> float:
    """Requests per second: requests / seconds (vLLM's request throughput)."""
    return repeat.requests / repeat.seconds


def total_token_throughput(run: Measurement, repeat: Repeat) -> float:
    """Tokens per second: (prompt + output tokens) / seconds (vLLM's total token throughput).

    Prompt tokens that came from the prefix cache count, as in vLLM.
    """
    return repeat.total_tokens / repeat.seconds


def output_throughput(run: Measurement, repeat: Repeat) -> float:
    """Output tokens per second: output tokens / seconds (vLLM's output token throughput)."""
    return repeat.output_tokens / repeat.seconds


def reviews_per_s(run: Measurement, repeat: Repeat) -> float:
    """Reviews per second: reviews x duplicates / seconds; what both layouts can be compared by."""
    return run.reviews / repeat.seconds


def duration(run: Measurement, repeat: Repeat) -> float:
    """Seconds of the timed window, from the first request's submission to the last one's end."""
    return repeat.seconds


@dataclass(frozen=True)
class Metric:
    """A figure of one repeat, and how it is shown."""

    name: str
    """column name"""
    label: str
    """axis and heading"""
    unit: str
    of: Callable[[Measurement, Repeat], float]
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
    )
}


@dataclass(frozen=True)
class Summary:
    """A metric over the repeats of one run: median, and the interval where there are repeats enough."""

    median: float
    interval: Interval | None


def summarise(values: Sequence[float], ending: Ending = "fixed") -> Summary | None:
    """Median of the repeats' values with the 95 % interval; None where there is no repeat."""
    found = sample(values, ending)
    return Summary(median(values), interval(found) if found else None) if values else None
