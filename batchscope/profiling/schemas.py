"""The two tables that every profiler's capture of steps is parsed into, and the memory profiler's own."""

import pyarrow as pa

EVENTS = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("start_s", pa.float64(), nullable=False),
        pa.field("duration_s", pa.float64(), nullable=False),
        pa.field("stream", pa.string(), nullable=False),
        pa.field("step", pa.int32()),
    ]
)
"""events.parquet: one row a kernel, copy, operator or runtime call, in the order of their starts.

``kind`` is one of `KINDS`. An operator's rows are its own time: where it calls others it has a row for each
stretch between the calls, so that rows of one thread never overlap. ``stream`` is the GPU's stream, or the
thread. ``step`` is the step in whose range the event starts, null outside all ranges.
"""

STEPS = pa.schema(
    [
        pa.field("step", pa.int32(), nullable=False),
        pa.field("start_s", pa.float64(), nullable=False),
        pa.field("duration_s", pa.float64(), nullable=False),
        pa.field("prefill_requests", pa.int32(), nullable=False),
        pa.field("prefill_tokens", pa.int32(), nullable=False),
        pa.field("decode_requests", pa.int32(), nullable=False),
        pa.field("decode_tokens", pa.int32(), nullable=False),
    ]
)
"""steps.parquet: one row an engine step; both tables count seconds from the first step's start."""

TIMELINE = pa.schema(
    [
        pa.field("time_s", pa.float64(), nullable=False),
        pa.field("allocated_bytes", pa.int64(), nullable=False),
    ]
)
"""timeline.parquet of the memory profiler: what tensors hold after each event, and when, since 1970."""

KERNEL, COPY, OPERATOR, OSRT = KINDS = ("kernel", "copy", "operator", "osrt")
"""Work of a GPU: kernels, and copies and fills of memory. Work of a CPU thread: operators, and calls of the
operating system's runtime."""

DEVICE_KINDS = (KERNEL, COPY)
