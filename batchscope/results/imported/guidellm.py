"""GuideLLM's report as JSON: one row for each load of a sweep, of the requests that succeeded.

Checked against reports of GuideLLM 0.8 (version 2), and the code of 0.5 (version 1), whose figures have the
same places. What it calls inter-token latency is a request's time after its first token, by its further
tokens: vLLM's TPOT, with each request counted by its tokens. Its own time per output token has the first
token in it, and vLLM has no name for that.
"""

from typing import Any

from batchscope.results.imported.figures import Figures
from batchscope.results.imported.values import at, last_part, number, positive, text, times

VERSIONS = (1, 2)
"""Of the report's schema."""

SECOND_MS = 1000.0


def recognises(content: Any) -> bool:
    """Whether it is one, of whatever version."""
    benchmarks = at(content, "benchmarks")
    return isinstance(benchmarks, list) and all(at(each, "metrics") is not None for each in benchmarks)


def refusal(content: Any) -> str | None:
    """Why this version cannot be read; None where it can."""
    version = at(content, "metadata", "version")
    if version in VERSIONS:
        return None
    if version is None:
        return "has no version: it is of GuideLLM before 0.5, and may have other names"
    known = " and ".join(map(str, VERSIONS))
    return f"is of version {str(version)[:20]} of GuideLLM's reports, and {known} are known"


def rows(content: Any) -> list[Figures]:
    """One for each benchmark."""
    model = text(content, "config", "spec", "backend", "model") or text(content, "args", "model")
    version = text(content, "metadata", "guidellm_version")
    return [_row(each, version, last_part(model)) for each in at(content, "benchmarks")]


def _row(benchmark: Any, version: str | None, model: str | None) -> Figures:
    metrics = at(benchmark, "metrics")
    ttft, tpot = (_both(metrics, f"{name}_ms") for name in ("time_to_first_token", "inter_token_latency"))
    e2el = [times(value, SECOND_MS) for value in _both(metrics, "request_latency")]
    return Figures(
        version=version,
        model=model,
        **_load(at(benchmark, "config", "strategy")),
        requests=number(metrics, "request_totals", "successful"),
        failed=number(metrics, "request_totals", "errored"),
        duration_s=positive(benchmark, "duration"),
        prompt_tokens=number(metrics, "prompt_token_count", "successful", "total_sum"),
        output_tokens=number(metrics, "output_token_count", "successful", "total_sum"),
        request_throughput=_rate(metrics, "requests_per_second"),
        output_throughput=_rate(metrics, "output_tokens_per_second"),
        total_token_throughput=_rate(metrics, "tokens_per_second"),
        median_ttft_ms=ttft[0],
        p99_ttft_ms=ttft[1],
        median_tpot_ms=tpot[0],
        p99_tpot_ms=tpot[1],
        median_e2el_ms=e2el[0],
        p99_e2el_ms=e2el[1],
    )


def _load(strategy: Any) -> dict[str, Any]:
    """How requests came: one after the other, so many at once, at a rate, or as fast as it goes."""
    kind, rate = text(strategy, "type_"), positive(strategy, "rate")
    limit = 1.0 if kind == "synchronous" else positive(strategy, "streams")
    return {
        "load": kind,
        "max_concurrency": limit or positive(strategy, "max_concurrency"),
        "request_rate": rate,
    }


def _rate(metrics: Any, name: str) -> float | None:
    return positive(metrics, name, "successful", "mean")


def _both(metrics: Any, name: str) -> tuple[float | None, float | None]:
    """Median and 99th percentile."""
    return positive(metrics, name, "successful", "median"), positive(
        metrics, name, "successful", "percentiles", "p99"
    )
