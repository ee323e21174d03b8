"""The lines of `vllm bench serve`'s result, in its order and words, each with its place in our frame."""

from dataclasses import dataclass

from batchscope.results.loads.latencies import KINDS

UNDEFINED = "undefined at 1 output token"


@dataclass(frozen=True)
class Line:
    """One line: what vLLM calls it, our column, the published file's, and whether it is a count."""

    words: str
    column: str
    published: str | None
    count: bool = False
    further: bool = False
    """whether it is about further tokens, which a request of one has not"""


VLLM_LINES = (
    Line("Successful requests", "requests", "successful_requests", count=True),
    Line("Benchmark duration (s)", "duration_s", "duration_s"),
    Line("Total input tokens", "prompt_tokens", "input_tokens", count=True),
    Line("Total generated tokens", "output_tokens", "generated_tokens", count=True),
    Line("Request throughput (req/s)", "request_throughput", "requests_per_s"),
    Line("Output token throughput (tok/s)", "output_throughput", "output_tokens_per_s"),
    Line("Total token throughput (tok/s)", "total_token_throughput", "total_tokens_per_s"),
    *(
        Line(
            f"{words} {name} (ms)",
            f"{statistic}_{kind}_ms",
            None if kind == "e2el" else f"{statistic}_{kind}_ms",
            further=kind in ("tpot", "itl"),
        )
        for kind, name in KINDS.items()
        for statistic, words in (("mean", "Mean"), ("median", "Median"), ("p99", "P99"))
    ),
)
"""The published table's lines, then E2EL's, which it has not."""
