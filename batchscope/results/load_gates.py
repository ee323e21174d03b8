"""What a load point must pass to count: a run's gates (`batchscope.results.gates`), and a client in time."""

from collections.abc import Iterator

import numpy as np

from batchscope.results import gates
from batchscope.results.gates import Judgement
from batchscope.results.latencies import MS, latencies
from batchscope.results.load_points import LoadPoint
from batchscope.results.records import Invalidity

BUSY = 0.9
"""Share of a core from which on the client, one thread, has hardly any time left."""

LATE = 0.1
"""Share of a TTFT that the client's own lateness may have, for the medians and for the 99th percentiles."""


def judge(point: LoadPoint) -> Judgement:
    """All reasons why a load point does not count."""
    found = gates.judge(point.run)
    late = tuple(Invalidity(code="client", detail=detail) for detail in client(point))
    return Judgement(found.status, (*found.invalid, *late))


def client(point: LoadPoint) -> Iterator[str]:
    """The client was the bottleneck: what it measured is itself."""
    state, ttft = point.served.client, latencies(point.client)["ttft"]
    if state.cpu_share is not None and state.cpu_share > BUSY:
        yield f"the client had {100 * state.cpu_share:.0f} % of a core: it could not have sent or read more"
    if not len(ttft):
        return
    for name, percent, lag in (("median", 50, state.lag_median_s), ("p99", 99, state.lag_p99_s)):
        value = float(np.percentile(ttft, percent))
        if lag is not None and MS * lag > LATE * value:
            yield (
                f"the client was {MS * lag:.1f} ms late ({name}), and the {name} TTFT is {value:.1f} ms; "
                "give it more cores, or send less"
            )
