"""Which steps are captured, and how much slower the profiler makes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

StepRow = dict[str, Any]
"""A row of `batchscope.worker.telemetry.steps.StepFile`."""


@dataclass(frozen=True)
class Window:
    """``steps`` engine steps of a pass, after its first ``skip``."""

    skip: int
    steps: int


def describe(
    plain: Sequence[tuple[dict[str, Any], Sequence[StepRow]]],
    profiled: tuple[dict[str, Any], Sequence[StepRow]],
    window: Window,
) -> dict[str, Any]:
    """What window.json says of the passes.

    Args:
        plain: passes without the profiler: totals and steps.
        profiled: the pass with it.
        window: what was asked for; the pass may have been shorter.

    Returns:
        ``skip``; ``pass_steps`` (of the profiled pass); ``compared_steps`` (steps that contain neither the
        profiler's start nor its stop); their seconds with and without the profiler; ``overhead``, the
        difference as a share, null without such steps. ``pass_seconds_*`` are those of whole passes: their
        difference includes starting, stopping and writing.
    """
    compared = max(min(window.steps - 2, len(profiled[1]) - window.skip - 2), 0)
    without = [seconds_of(rows, window.skip, compared) for _, rows in plain]
    with_profiler = seconds_of(profiled[1], window.skip, compared)
    known = [seconds for seconds in without if seconds]
    mean = sum(known) / len(known) if known else None
    return {
        "skip": window.skip,
        "pass_steps": len(profiled[1]),
        "compared_steps": compared,
        "seconds_without": without,
        "seconds_with": with_profiler,
        "overhead": with_profiler / mean - 1 if with_profiler and mean else None,
        "pass_seconds_without": [totals["seconds"] for totals, _ in plain],
        "pass_seconds_with": profiled[0]["seconds"],
    }


def seconds_of(rows: Sequence[StepRow], skip: int, steps: int) -> float | None:
    """Seconds from the end of step ``skip`` to the end of the step ``steps`` later; None if there are none.

    The profiler starts inside the first step of the window. It stops when the step behind the window begins.
    With async scheduling that is before the window's last step is back, so ``steps`` leaves that one out.
    """
    if steps < 1 or skip + steps >= len(rows):
        return None
    seconds: float = rows[skip + steps]["finished_s"] - rows[skip]["finished_s"]
    return seconds
