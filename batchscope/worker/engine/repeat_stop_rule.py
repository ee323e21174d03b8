"""When the repeats of a run end. Why the factors are what they are: docs/statistics_appendix.md."""

import math
from collections.abc import Mapping, Sequence
from statistics import stdev
from typing import Any


def most_repeats(protocol: Mapping[str, Any]) -> int:
    """The most repeats that a run may have."""
    most: int = protocol.get("max_repeats", protocol["repeats"])
    return most


def stop_reason(seconds: Sequence[float], protocol: Mapping[str, Any]) -> dict[str, Any] | None:
    """Decide after a repeat whether it was the last.

    Args:
        seconds: of every repeat so far.
        protocol: the spec's ``measure``: ``repeats`` alone, or with ``max_repeats``, ``precision``,
            ``repeat_budget_s`` and ``half_width_factors`` (in standard deviations, from ``repeats`` on).

    Returns:
        None to go on. Otherwise ``reason`` (``precision``, ``cap`` or ``budget``; ``repeats`` where their
        number is fixed) and ``half_width`` of the mean's interval, as a share of the mean (None without a
        rule).
    """
    count, least = len(seconds), protocol["repeats"]
    if count < least:
        return None
    if "precision" not in protocol:
        return {"reason": "repeats", "half_width": None}
    factors, budget = protocol["half_width_factors"], protocol["repeat_budget_s"]
    ended = "cap" if count >= protocol["max_repeats"] else None
    if ended is None:
        half_width = relative_half_width(seconds, factors["look"][count - least])
        if half_width <= protocol["precision"]:
            return {"reason": "precision", "half_width": half_width}
        ended = "budget" if budget is not None and sum(seconds) >= budget else None
    if ended is None:
        return None
    return {"reason": ended, "half_width": relative_half_width(seconds, factors["last"][count - least])}


def relative_half_width(seconds: Sequence[float], factor: float) -> float:
    """Half-width of the interval as a share of the geometric mean: exp(factor x sd of ln seconds) - 1."""
    return math.expm1(factor * stdev(math.log(each) for each in seconds))
