"""Columns of requests.parquet: one row per request and repeat."""

import pyarrow as pa

REQUESTS = pa.schema(
    [
        ("repeat", pa.int32()),  # 0 is the first timed pass
        ("prompt", pa.int32()),  # id in prompts.jsonl
        ("prompt_tokens", pa.int32()),
        ("cached_tokens", pa.int32()),  # of the prompt, found in the prefix cache
        ("output_tokens", pa.int32()),
        ("output_token_ids", pa.list_(pa.int32())),
        # seconds from the start of the timed window; requests are queued before it, so queued_s < 0
        ("queued_s", pa.float64()),
        ("scheduled_s", pa.float64()),
        ("first_token_s", pa.float64()),
        ("finished_s", pa.float64()),
        ("finish_reason", pa.string()),
    ]
)
