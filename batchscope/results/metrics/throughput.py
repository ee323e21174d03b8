"""How much was done a second: requests, tokens, texts; and how long it took."""

from batchscope.results.metrics.metric import Column, Metric
from batchscope.results.records import Repeat, RunRecord


def request_throughput(run: RunRecord, repeat: Repeat) -> float:
    """Requests per second."""
    return repeat.requests / repeat.seconds


def total_token_throughput(run: RunRecord, repeat: Repeat) -> float:
    """Prompt and output tokens per second."""
    return repeat.total_tokens / repeat.seconds


def output_throughput(run: RunRecord, repeat: Repeat) -> float:
    """Output tokens per second."""
    return repeat.output_tokens / repeat.seconds


def texts_per_s(run: RunRecord, repeat: Repeat) -> float:
    """Texts per second: what both layouts can be compared by."""
    return run.measurement.texts / repeat.seconds


def duration(run: RunRecord, repeat: Repeat) -> float:
    """Seconds of the timed window."""
    return repeat.seconds


THROUGHPUT = (
    Metric(
        name="request_throughput",
        label="Request throughput",
        unit="requests/s",
        formula="requests / seconds",
        source="vLLM's request throughput",
        of=request_throughput,
        published=lambda row: row.requests_per_s,
        column=Column(10, "requests/s", beside_published=True),
    ),
    Metric(
        name="total_token_throughput",
        label="Total token throughput",
        unit="tokens/s",
        formula="(prompt + output tokens) / seconds; prompt tokens from the prefix cache count",
        source="vLLM's total token throughput",
        of=total_token_throughput,
        published=lambda row: row.total_tokens_per_s,
        reproduced=True,
        column=Column(20, "total tokens/s", beside_published=True),
    ),
    Metric(
        name="output_throughput",
        label="Output token throughput",
        unit="tokens/s",
        formula="output tokens / seconds",
        source="vLLM's output token throughput",
        of=output_throughput,
        published=lambda row: row.output_tokens_per_s,
        column=Column(30, "output tokens/s", beside_published=True),
    ),
    Metric(
        name="texts_per_s",
        label="Texts labelled",
        unit="texts/s",
        formula="texts x duplicates / seconds",
        source="this project",
        of=texts_per_s,
        published=lambda row: row.texts_per_s,
        reproduced=True,
        column=Column(40, "texts/s", interval=True),
    ),
    Metric(
        name="duration_s",
        label="Duration of one repeat",
        unit="s",
        formula="seconds from the first request's submission to the last one's end",
        source="vLLM's benchmark duration",
        of=duration,
        better="lower",
    ),
)
