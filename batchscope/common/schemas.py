"""Columns of the Parquet files in the folder of a run, and of a load point of the server.

A run has requests.parquet, steps.parquet and hardware.parquet; a load point has client.parquet instead of the
first. Times are seconds from the start of the repeat's timed window; a load has one repeat, whose window
starts when its first request is sent.
"""

from typing import Any

import pyarrow as pa

REQUESTS = pa.schema(
    [
        ("repeat", pa.int32()),  # 0 is the first timed pass
        ("prompt", pa.int32()),  # id in prompts.jsonl
        ("prompt_tokens", pa.int32()),
        ("cached_tokens", pa.int32()),  # of the prompt, found in the prefix cache
        ("output_tokens", pa.int32()),
        ("output_token_ids", pa.list_(pa.int32())),
        ("queued_s", pa.float64()),  # before the window, so < 0
        ("scheduled_s", pa.float64()),
        ("first_token_s", pa.float64()),
        ("finished_s", pa.float64()),
        ("finish_reason", pa.string()),
        # A list over the output tokens that are labels of lists over the labels, in the task's order:
        # log-probabilities, normalised over the labels. Null where they were not asked for.
        ("label_logprobs", pa.list_(pa.list_(pa.float32()))),
        # Log-probability of each output token. Null where it was not asked for.
        ("answer_logprobs", pa.list_(pa.float32())),
    ]
)
"""requests.parquet: one row per request and repeat."""

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

STEPS = pa.schema(
    [
        ("repeat", pa.int32()),
        ("step", pa.int32()),  # from 0 in each repeat
        ("scheduled_s", pa.float64()),  # the scheduler had put the step together
        ("finished_s", pa.float64()),  # its output was back at the scheduler
        ("running", pa.int32()),  # requests, those that this step admitted included
        ("waiting", pa.int32()),
        ("kv_cache_usage", pa.float64()),  # share of the blocks, this step's included
        ("requests", pa.int32()),  # that have tokens in this step
        ("prefill_tokens", pa.int32()),
        ("decode_tokens", pa.int32()),
        ("cached_tokens", pa.int32()),  # found in the prefix cache for requests that this step admitted
        ("preempted", pa.int32()),  # requests put back to the queue while this step was put together
        ("discarded_tokens", pa.int32()),  # computed tokens that they lost; they are scheduled again
    ]
)
"""steps.parquet: one row per engine step that computed something."""

HARDWARE = pa.schema(
    [
        ("repeat", pa.int32()),
        ("time_s", pa.float64()),
        ("gpu", pa.int32()),  # index as NVML counts; null: the row is of the CPU
        ("utilization", pa.float64()),  # share: of all cores busy; of the time a kernel ran
        ("engine_utilization", pa.float64()),  # share of all cores that the engine had; null on GPU
        ("stolen", pa.float64()),  # share of all cores that a hypervisor took; null on GPU
        ("memory_used_bytes", pa.int64()),
        ("power_w", pa.float64()),  # this and all below: null on CPU
        ("energy_j", pa.float64()),  # counter; only differences mean something
        ("sm_clock_mhz", pa.int32()),
        ("memory_clock_mhz", pa.int32()),
        ("temperature_c", pa.int32()),
        ("clock_event_reasons", pa.int64()),  # NVML's bit mask: why clocks are lower than they could be
        ("foreign_processes", pa.int32()),  # compute processes on the GPU that are not the engine's
    ]
)
"""hardware.parquet: samples during the timed windows, about ten a second, one at each end."""

Sample = dict[str, Any]
"""A row of hardware.parquet before it is kept; ``time_s`` is ``time.monotonic`` here."""
