"""The JSON of ``vllm bench throughput --output-json``: an engine without a server, all prompts at once."""

from typing import Any

from batchscope.results.imported.figures import Figures
from batchscope.results.imported.values import at, last_part, number, positive, text


def recognises(content: Any) -> bool:
    """Whether it is one; no version stands in it."""
    return all(at(content, key) is not None for key in ("elapsed_time", "num_requests", "tokens_per_second"))


def rows(content: Any) -> list[Figures]:
    """Its one row. Older versions of vLLM write no model."""
    return [
        Figures(
            model=last_part(text(content, "model_id")),
            load="all at once",
            requests=number(content, "num_requests"),
            duration_s=positive(content, "elapsed_time"),
            request_throughput=positive(content, "requests_per_second"),
            total_token_throughput=positive(content, "tokens_per_second"),
        )
    ]
