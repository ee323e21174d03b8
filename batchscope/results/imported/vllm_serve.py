"""The JSON of ``vllm bench serve --save-result``: a load on a server, as one client saw it."""

from typing import Any

from batchscope.results.imported.figures import LATENCIES, Figures
from batchscope.results.imported.values import at, last_part, number, positive, text


def recognises(content: Any) -> bool:
    """Whether it is one; no version stands in it."""
    return all(at(content, key) is not None for key in ("duration", "completed", "request_throughput"))


def rows(content: Any) -> list[Figures]:
    """Its one row. Where answers have one token, vLLM writes 0 for TPOT and ITL: there are none."""
    rate, limit = positive(content, "request_rate"), positive(content, "max_concurrency")
    return [
        Figures(
            model=last_part(text(content, "model_id")),
            load="at a rate" if rate else "at most so many at once" if limit else "all at once",
            max_concurrency=limit,
            request_rate=rate,
            requests=number(content, "completed"),
            failed=number(content, "failed"),
            duration_s=positive(content, "duration"),
            prompt_tokens=number(content, "total_input_tokens"),
            output_tokens=number(content, "total_output_tokens"),
            request_throughput=positive(content, "request_throughput"),
            output_throughput=positive(content, "output_throughput"),
            total_token_throughput=positive(content, "total_token_throughput"),
            **_latencies(content),
        )
    ]


def _latencies(content: Any) -> dict[str, Any]:
    return {name: positive(content, name) for name in LATENCIES}
