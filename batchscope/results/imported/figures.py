"""What is taken of a result file: one row, under vLLM's names."""

from dataclasses import dataclass, fields

LATENCIES = tuple(
    f"{statistic}_{kind}_ms" for kind in ("ttft", "tpot", "itl", "e2el") for statistic in ("median", "p99")
)
"""Columns of latencies."""

THROUGHPUTS = ("request_throughput", "output_throughput", "total_token_throughput")
"""Columns of rates, in requests or tokens a second."""


@dataclass(frozen=True)
class Figures:
    """One measurement of a result file; null where the file does not say."""

    version: str | None = None
    """of the tool"""
    model: str | None = None
    """its name, without owner or folder"""
    load: str | None = None
    """how requests came, in the tool's words"""
    max_concurrency: float | None = None
    """at most so many requests under way; null: no limit, or not said"""
    request_rate: float | None = None
    """so many are sent in a second; null: all at once, or not said"""
    requests: float | None = None
    """that were answered"""
    failed: float | None = None
    duration_s: float | None = None
    prompt_tokens: float | None = None
    """of all answered requests"""
    output_tokens: float | None = None
    request_throughput: float | None = None
    output_throughput: float | None = None
    total_token_throughput: float | None = None
    median_ttft_ms: float | None = None
    p99_ttft_ms: float | None = None
    median_tpot_ms: float | None = None
    p99_tpot_ms: float | None = None
    median_itl_ms: float | None = None
    p99_itl_ms: float | None = None
    median_e2el_ms: float | None = None
    p99_e2el_ms: float | None = None

    @property
    def tokens_per_request(self) -> float | None:
        """Tokens of prompt and answer together."""
        if not self.request_throughput or self.total_token_throughput is None:
            return None
        return self.total_token_throughput / self.request_throughput

    def as_row(self) -> dict[str, str | float | None]:
        """Its values by column."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
