"""How many timed passes a run will have: at least, most likely, at most."""

from dataclasses import dataclass
from math import ceil

from batchscope.studies.run import Run


@dataclass(frozen=True)
class Passes:
    """Numbers of passes."""

    least: int
    likely: int
    most: int


def passes_of(run: Run, pass_s: float, device: str) -> Passes:
    """The passes of a run whose passes take so many seconds each.

    Where they go on until the mean is known, a GPU is mostly done with the fewest, and a processor, whose
    passes differ more, goes on as long as it may.
    """
    measure = run.measure
    if run.load:
        return Passes(1, 1, 1)
    if not measure.stops_by_precision:
        return Passes(measure.repeats, measure.repeats, measure.repeats)
    budget = measure.repeat_budget_s
    in_time = ceil(budget / pass_s) if budget and pass_s > 0 else measure.max_repeats
    most = max(measure.repeats, min(measure.max_repeats, in_time))
    return Passes(measure.repeats, measure.repeats if device == "cuda" else most, most)
