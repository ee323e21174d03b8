"""Columns of client.parquet; the other Parquet files of a load point are those of a run."""

import pyarrow as pa

CLIENT = pa.schema(
    [
        ("request", pa.int32()),  # in the order of sending
        ("prompt", pa.int32()),  # id in prompts.jsonl
        ("prompt_tokens", pa.int32()),  # as the server counts them
        ("output_tokens", pa.int32()),
        ("sent_s", pa.float64()),  # seconds from the first request's sending
        ("queued_s", pa.float64()),  # that it had waited in the client for max_concurrency; null: not said
        ("ttft_s", pa.float64()),  # this and all below: null where it failed
        ("e2el_s", pa.float64()),
        ("itls_s", pa.list_(pa.float64())),  # between chunks; empty with one output token
        ("text", pa.string()),
        ("error", pa.string()),  # null: it did not fail
    ]
)
"""client.parquet: one row per request, as the client saw it."""
