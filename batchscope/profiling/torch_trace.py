"""The torch profiler: its capture, and its Chrome trace as the tables of `batchscope.profiling.schemas`."""

import gzip
import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from batchscope.common.errors import UserError
from batchscope.profiling.capture import CaptureJob, engine_environment, run_capture, write_order
from batchscope.profiling.capture_events import Event, events_frame, own_stretches
from batchscope.profiling.schemas import COPY, KERNEL, OPERATOR
from batchscope.profiling.step_ranges import Span, steps_frame

FIRST_RANK = re.compile(r"rank-?0\.")
"""Name of the first GPU's trace: ``window_rank0.TIME.pt.trace.json.gz`` or ``TIME-rank-0....``."""

DEVICE_CATEGORIES = {"kernel": KERNEL, "gpu_memcpy": COPY, "gpu_memset": COPY}
OPERATORS = "cpu_op"
RANGES, DEVICE_RANGES = "user_annotation", "gpu_user_annotation"
MICRO = 1e-6

ChromeEvent = Mapping[str, Any]

KEPT = "window.json"
"""What a capture comes to (`batchscope.config.profile`)."""


def capture(job: CaptureJob) -> None:
    """Run the engine with vLLM's torch profiler; the trace lies in ``job.out``.

    Raises:
        UserError: the engine failed, or took too long.
    """
    order = write_order(job, "torch")
    run_capture([job.python, "-m", "batchscope.worker.profiling", str(order)], job, engine_environment(job))


def parse(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The capture in a folder as events and steps.

    Raises:
        UserError: there is no trace, it is damaged, or it holds no step.
    """
    path = trace_in(folder)
    return tables(read_trace(path), str(path))


def trace_in(folder: Path) -> Path:
    """The first rank's trace."""
    traces = [path for path in folder.glob("*.pt.trace.json*") if FIRST_RANK.search(path.name)]
    if not traces:
        raise UserError(
            f"{folder}: the torch profiler wrote no trace; is the disk full? The engine's log says why"
        )
    return max(traces, key=lambda path: path.stat().st_mtime)


def read_trace(path: Path) -> list[ChromeEvent]:
    """All events of a Chrome trace, compressed or not."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            events: list[ChromeEvent] = json.load(file)["traceEvents"]
    except (EOFError, gzip.BadGzipFile, zlib.error, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path}: the trace is cut off or damaged ({type(error).__name__}); is the disk full? "
            "Delete the folder and profile again"
        ) from None
    return events


def tables(trace: Iterable[ChromeEvent], name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events and steps of a trace; ``name`` is for messages."""
    complete = [event for event in trace if event.get("ph") == "X"]
    work = device_events(complete)
    steps = steps_frame(step_ranges(complete, work), name)
    work += [event for thread in operators_by_thread(complete).values() for event in own_stretches(thread)]
    if not work:
        raise UserError(f"{name}: the trace holds steps and no operator or kernel; profile again")
    return events_frame(work, steps), steps


def device_events(complete: Iterable[ChromeEvent]) -> list[Event]:
    """Kernels and copies, by stream."""
    return [
        _event(event, DEVICE_CATEGORIES[event["cat"]], _stream(event))
        for event in complete
        if event.get("cat") in DEVICE_CATEGORIES
    ]


def operators_by_thread(complete: Iterable[ChromeEvent]) -> dict[str, list[Event]]:
    """CPU operators by thread, nested ones included."""
    threads: dict[str, list[Event]] = defaultdict(list)
    for event in complete:
        if event.get("cat") == OPERATORS:
            thread = str(event["tid"])
            threads[thread].append(_event(event, OPERATOR, thread))
    return threads


def step_ranges(complete: Iterable[ChromeEvent], work: Iterable[Event]) -> list[Span]:
    """The steps' ranges as the device ran them, if the trace has one for each; else those of the CPU."""
    on_cpu = [_span(event) for event in complete if event.get("cat") == RANGES]
    wanted = Counter(span.name for span in on_cpu if span.is_step)
    busiest = Counter[str]()
    for event in work:
        busiest[event.stream] += round((event.end - event.start) / MICRO)
    for stream, _ in busiest.most_common():
        on_device = [
            _span(event)
            for event in complete
            if event.get("cat") == DEVICE_RANGES and _stream(event) == stream
        ]
        if Counter(span.name for span in on_device if span.is_step) == wanted:
            return on_device
    return on_cpu


def _event(event: ChromeEvent, kind: str, stream: str) -> Event:
    return Event(str(event["name"]), kind, *_times(event), stream)


def _span(event: ChromeEvent) -> Span:
    return Span(str(event["name"]), *_times(event))


def _times(event: ChromeEvent) -> tuple[float, float]:
    start = float(event["ts"])
    return start * MICRO, (start + float(event.get("dur", 0))) * MICRO


def _stream(event: ChromeEvent) -> str:
    """A GPU's streams are the trace's threads."""
    return str(event["tid"])
