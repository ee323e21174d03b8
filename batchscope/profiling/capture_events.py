"""Pieces of work in a capture, whichever profiler recorded them, as rows of events.parquet."""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from batchscope.profiling.schemas import EVENTS
from batchscope.profiling.step_ranges import clipped, step_of


class Event(NamedTuple):
    """A piece of work; seconds on the capture's clock."""

    name: str
    kind: str
    start: float
    end: float
    stream: str


def events_frame(work: Iterable[Event], steps: pd.DataFrame) -> pd.DataFrame:
    """Rows of events.parquet; ``steps`` is what `batchscope.profiling.step_ranges.steps_frame` gave."""
    rows = []
    origin = steps.attrs["origin"]
    for event in sorted(work, key=lambda each: (each.start, each.end)):
        if (inside := clipped(event.start - origin, event.end - origin, steps)) is not None:
            start, end = inside
            rows.append((event.name, event.kind, start, end - start, event.stream, step_of(start, steps)))
    return pd.DataFrame(rows, columns=EVENTS.names).astype({"step": "Int32"})


def own_stretches(operators: Iterable[Event]) -> list[Event]:
    """Stretches of one thread in which an operator itself runs, and no other operator that it called."""
    rows: list[Event] = []
    running: list[Event] = []  # the outermost first; each starts where its own last stretch started

    def note(event: Event, end: float) -> None:
        if end > event.start:
            rows.append(event._replace(end=end))

    def leave(until: float) -> None:
        while running and running[-1].end <= until:
            done = running.pop()
            note(done, done.end)
            if running:
                running[-1] = running[-1]._replace(start=max(done.end, running[-1].start))

    for event in sorted(operators, key=lambda each: (each.start, -each.end)):
        leave(event.start)
        end = event.end
        if running:
            note(running[-1], event.start)
            end = min(end, running[-1].end)
        running.append(event._replace(end=end))
    leave(float("inf"))
    return rows
