"""Closed loops that are too short for a steady window: measured as they are, and the plan says so."""

from collections.abc import Iterable, Iterator, Mapping

from batchscope.config.serving import TIMES_UNDER_WAY
from batchscope.studies.run import Run


def describe_short_loads(runs: Iterable[Run], requests: Mapping[str, int]) -> str:
    """What a plan says of load points that will have no steady window; empty where there are none.

    Args:
        runs: the load points that would be measured; others are passed over.
        requests: how many each would send, by its id.
    """
    lines = list(_short_loads(runs, requests))
    if not lines:
        return ""
    return "\n".join([
        f"Fewer than {TIMES_UNDER_WAY} requests for each that is under way; much of that is ramp and drain:",
        *(f"  {line}" for line in lines),
    ])  # fmt: skip


def _short_loads(runs: Iterable[Run], requests: Mapping[str, int]) -> Iterator[str]:
    for run in runs:
        most = run.load.max_concurrency if run.load else None
        if most and most > 1 and run.id in requests and requests[run.id] < TIMES_UNDER_WAY * most:
            yield (
                f"serving/{run.id}: {requests[run.id]:,} requests, {most:,} under way; "
                f"set load.requests: {TIMES_UNDER_WAY * most} or more"
            )
