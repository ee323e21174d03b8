"""Engine steps in a capture: vLLM's names for their ranges, and which step an event belongs to."""

import re
from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from batchscope.common.errors import UserError
from batchscope.profiling.schemas import STEPS

ANNOTATION = re.compile(r"execute_context_(\d+)\((\d+)\)_generation_(\d+)\((\d+)\)")
"""vLLM's name of a step's range: requests and tokens of prompts, then requests and tokens of answers."""


class Span(NamedTuple):
    """A named range; seconds on any one clock."""

    name: str
    start: float
    end: float

    @property
    def is_step(self) -> bool:
        """Whether vLLM named it as one of its steps."""
        return ANNOTATION.search(self.name) is not None


def steps_frame(spans: Iterable[Span], name: str) -> pd.DataFrame:
    """Rows of steps.parquet; ``attrs["origin"]`` is the first step's start on the spans' clock.

    Args:
        spans: all ranges of a capture.
        name: of the capture, for messages.

    Raises:
        UserError: none of the spans is a step.
    """
    steps = sorted((span for span in spans if span.is_step), key=lambda span: span.start)
    if not steps:
        raise UserError(
            f"{name}: the capture holds no engine step; the pass may have ended before the window began: "
            "lower profile.steps, or profile a run with more texts"
        )
    origin = steps[0].start
    rows = [
        (index, span.start - origin, span.end - span.start, *_counts(span.name))
        for index, span in enumerate(steps)
    ]
    frame = pd.DataFrame(rows, columns=STEPS.names)
    frame.attrs["origin"] = origin
    return frame


def clipped(start: float, end: float, steps: pd.DataFrame) -> tuple[float, float] | None:
    """The part of a stretch between the first step's start and the last step's end; None if there is none."""
    last_end = float((steps["start_s"] + steps["duration_s"]).iloc[-1])
    inside = max(start, 0.0), min(end, last_end)
    return inside if inside[0] < inside[1] else None


def step_of(start: float, steps: pd.DataFrame) -> int | None:
    """The step whose range contains the moment ``start``; None if no range does."""
    place = int(steps["start_s"].searchsorted(start, side="right")) - 1
    if place < 0:
        return None
    begins, lasts = steps["start_s"].iloc[place], steps["duration_s"].iloc[place]
    return place if start < begins + lasts else None


def _counts(name: str) -> tuple[int, ...]:
    found = ANNOTATION.search(name)
    if found is None:
        raise ValueError(f"{name} is no step")
    return tuple(int(number) for number in found.groups())
