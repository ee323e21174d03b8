"""The database that nsys exports, as events and steps."""

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from batchscope.common.errors import UserError
from batchscope.profiling.capture_events import Event, events_frame, own_stretches
from batchscope.profiling.schemas import OPERATOR, OSRT
from batchscope.profiling.step_ranges import ANNOTATION, Span, steps_frame

NANO = 1e-9

THREAD_BITS = 0xFFFFFF
"""Bits of a global thread id that hold the thread's own number; the others are those of its process."""

COLUMNS = {
    "NVTX_EVENTS": "start, end, globalTid, eventType, text, textId",
    "OSRT_API": "start, end, globalTid, nameId",
    "CUPTI_ACTIVITY_KIND_RUNTIME": "start, globalTid, correlationId",
    "CUPTI_ACTIVITY_KIND_KERNEL": "start, end, globalPid, deviceId, streamId, correlationId, demangledName",
    "CUPTI_ACTIVITY_KIND_MEMCPY": "start, end, globalPid, deviceId, streamId, correlationId",
    "CUPTI_ACTIVITY_KIND_MEMSET": "start, end, globalPid, deviceId, streamId, correlationId",
}
"""Tables and columns that are read. nsys leaves out a table that would be empty."""

# 59 is the type of a range that one thread pushes and pops.
RANGES = """
    SELECT start, end, globalTid AS thread, coalesce(text, value) AS name
    FROM NVTX_EVENTS LEFT JOIN StringIds ON id = textId WHERE eventType = 59 AND end IS NOT NULL"""
WORK = """
    SELECT start, end, globalPid AS process, deviceId AS device, streamId AS stream,
        correlationId AS correlation, value AS name, 'kernel' AS kind
    FROM CUPTI_ACTIVITY_KIND_KERNEL JOIN StringIds ON id = demangledName
    UNION ALL SELECT start, end, globalPid, deviceId, streamId, correlationId, 'memcpy', 'copy'
    FROM CUPTI_ACTIVITY_KIND_MEMCPY
    UNION ALL SELECT start, end, globalPid, deviceId, streamId, correlationId, 'memset', 'copy'
    FROM CUPTI_ACTIVITY_KIND_MEMSET"""
LAUNCHES = """
    SELECT start, globalTid AS thread, correlationId AS correlation FROM CUPTI_ACTIVITY_KIND_RUNTIME"""
CALLS = """
    SELECT start, end, globalTid AS thread, value AS name FROM OSRT_API JOIN StringIds ON id = nameId"""


@dataclass(frozen=True)
class Recorded:
    """What a database holds; times in nanoseconds, on one clock."""

    ranges: pd.DataFrame
    """NVTX ranges: ``start``, ``end``, ``thread``, ``name``"""
    work: pd.DataFrame
    """of GPUs: ``start``, ``end``, ``process``, ``device``, ``stream``, ``correlation``, ``name``, ``kind``
    as in events.parquet"""
    launches: pd.DataFrame
    """calls of CUDA: ``start``, ``thread``, ``correlation``"""
    calls: pd.DataFrame
    """calls of the operating system's runtime: ``start``, ``end``, ``thread``, ``name``"""


def read_database(path: Path) -> Recorded:
    """Read what counts.

    Raises:
        UserError: the database is missing or damaged.
    """
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        ) as connection:
            there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            for table in COLUMNS.keys() - there:
                connection.execute(f"CREATE TEMP TABLE {table} ({COLUMNS[table]})")
            return Recorded(
                *(pd.read_sql_query(each, connection) for each in (RANGES, WORK, LAUNCHES, CALLS))
            )
    except (sqlite3.DatabaseError, pd.errors.DatabaseError) as error:
        reason = str(error).splitlines()[-1]
        raise UserError(
            f"{path}: the database is missing, cut off or damaged ({reason}); delete the folder and profile "
            "again"
        ) from None


def tables(recorded: Recorded, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events and steps of the first GPU; without a GPU those of the worker's main thread.

    Args:
        recorded: what the database holds.
        name: of the database, for messages.

    Raises:
        UserError: there is no step, or nothing but steps.
    """
    is_step = recorded.ranges["name"].map(lambda each: ANNOTATION.search(each or "") is not None).astype(bool)
    marked = recorded.ranges[is_step]
    work = first_gpu(recorded.work, processes=set(marked["thread"] & ~THREAD_BITS))
    if len(work):
        marked = marked[marked["thread"] & ~THREAD_BITS == work["process"].iloc[0]]
    else:
        marked = marked[marked["thread"] == marked["thread"].min()]
    steps = steps_frame(_spans(device_steps(marked, recorded.launches, work)), name)
    events = _events(work, work["kind"], work["stream"])
    if not events:
        thread = marked["thread"].iloc[0]
        operators = recorded.ranges[~is_step & (recorded.ranges["thread"] == thread)]
        calls = recorded.calls[recorded.calls["thread"] == thread]
        for rows, kind in ((operators, OPERATOR), (calls, OSRT)):
            events += own_stretches(_events(rows, kind, thread & THREAD_BITS))
    if not events:
        raise UserError(f"{name}: the capture holds steps and nothing in them; profile again")
    return events_frame(events, steps), steps


def first_gpu(work: pd.DataFrame, processes: set[int]) -> pd.DataFrame:
    """Work of one process on one GPU, the one with the lowest number among processes that ran steps."""
    work = work[work["process"].isin(processes)]
    first = work[["device", "process"]].sort_values(["device", "process"]).head(1)
    return work.merge(first, on=["device", "process"])


def device_steps(marked: pd.DataFrame, launches: pd.DataFrame, work: pd.DataFrame) -> pd.DataFrame:
    """Steps as the GPU ran them: from the first to the last work, on the busiest stream, that each launched.

    If one of them launched none, all keep the ranges that their thread drew.

    Args:
        marked: ranges of the steps, of one process.
        launches: calls of CUDA.
        work: of that process's GPU.

    Returns:
        Columns ``name``, ``start``, ``end``.
    """
    busy = (work["end"] - work["start"]).groupby(work["stream"]).sum()
    if busy.empty:
        return marked
    ordered = marked.sort_values("start").reset_index(drop=True)
    calls = launches[launches["thread"].isin(ordered["thread"])]
    place = ordered["start"].searchsorted(calls["start"], side="right") - 1
    inside = (place >= 0) & (calls["start"].to_numpy() < ordered["end"].to_numpy()[place])
    launched = calls.assign(step=place)[inside].merge(work[work["stream"] == busy.idxmax()], on="correlation")
    found = launched.groupby("step").agg(start=("start_y", "min"), end=("end", "max"))
    return found.join(ordered["name"]) if len(found) == len(ordered) else marked


def _spans(ranges: pd.DataFrame) -> list[Span]:
    columns = (ranges[name] for name in ("name", "start", "end"))
    return [Span(name, start * NANO, end * NANO) for name, start, end in zip(*columns, strict=True)]


def _events(rows: pd.DataFrame, kind: pd.Series | str, stream: pd.Series | int) -> list[Event]:
    filled = rows.assign(kind=kind, stream=stream)
    columns = (filled[name] for name in ("name", "kind", "start", "end", "stream"))
    return [
        Event(name, kind, start * NANO, end * NANO, str(stream))
        for name, kind, start, end, stream in zip(*columns, strict=True)
    ]
