"""Columns of a load point that are about its steady window, and about what came beside what was asked for."""

from collections.abc import Iterator
from statistics import fmean
from typing import Any

import numpy as np

from batchscope.results.loads.latencies import latencies
from batchscope.results.loads.points import LoadPoint
from batchscope.results.loads.window import (
    Window,
    ends_of,
    mean_under_way,
    most_under_way,
    steady_window,
)
from batchscope.statistics.blocks import Values, block_interval
from batchscope.statistics.event_rates import rate_interval
from batchscope.statistics.intervals import Interval
from batchscope.statistics.queue_growth import queue

Row = dict[str, Any]

REALISED = 0.05
"""Share by which an open loop's rate may miss what was asked for."""

REACHED = 0.1
"""The same of requests under way in a closed loop: from an answer to the next request a moment passes."""

STEADY = ("steady_throughput", "steady_texts_per_s", "steady_median_ttft_ms", "steady_median_e2el_ms")
"""Columns with an interval, ``<name>_low`` and ``<name>_high``."""


def steady_columns(point: LoadPoint, *, grows: bool) -> Row:
    """Figures of the steady window; NaN where there is none, as where a queue ``grows``."""
    window = None if grows else steady_window(point.client)
    found = dict(_figures(point, window)) if window else {}
    late = latencies(window.answered) if window else {}
    return {
        "steady_s": window.seconds if window else np.nan,
        "steady_requests": len(window.answered) if window else 0,
        **{key: value for name in STEADY for key, value in cells(name, found.get(name)).items()},
        **{f"steady_p99_{kind}_ms": _p99(late.get(kind)) for kind in ("ttft", "e2el")},
        **_under_way(point, window),
    }


def queue_columns(point: LoadPoint) -> Row:
    """What came and was finished in a second of an open loop, by how much TTFT grew, and the verdict."""
    found = queue(point.client) if point.load.request_rate else None
    return {
        **arrivals(point),
        "came": found.came if found else np.nan,
        **cells("finished", found.finished if found else None),
        **cells("ttft_growth", found.growth if found else None),
        "queue": found.verdict if found else None,
    }


def arrivals(point: LoadPoint) -> Row:
    """The rate at which an open loop's requests were sent, and whether it is what was asked for."""
    asked, sent = point.load.request_rate, point.client["sent_s"].to_numpy(float)
    if asked is None or len(sent) < 2 or sent.max() == 0:
        return {"sent_per_s": np.nan, "realised": None}
    rate = (len(sent) - 1) / (sent.max() - sent.min())
    return {"sent_per_s": rate, "realised": bool(abs(rate / asked - 1) <= REALISED)}


def cells(name: str, found: Interval | None) -> Row:
    """A figure's three columns."""
    low, middle, high = (found.low, found.middle, found.high) if found else (np.nan,) * 3
    return {name: middle, f"{name}_low": low, f"{name}_high": high}


def _figures(point: LoadPoint, window: Window) -> Iterator[tuple[str, Interval | None]]:
    rate = rate_interval(ends_of(window.answered), window.start, window.end)
    work = point.served.spec.workload
    texts = fmean(work.texts_in_prompt(number) for number in window.answered["prompt"])
    yield "steady_throughput", rate
    yield "steady_texts_per_s", Interval(texts * rate.low, texts * rate.middle, texts * rate.high)
    for kind in ("ttft", "e2el"):
        values = latencies(window.answered)[kind]
        yield f"steady_median_{kind}_ms", block_interval(lambda drawn: float(np.median(drawn)), values)


def _p99(values: "Values | None") -> float:
    return np.nan if values is None else float(np.percentile(values, 99))


def _under_way(point: LoadPoint, window: Window | None) -> Row:
    """How many were under way, on the steady window's average, else at most; and whether as many as asked."""
    asked, most = point.load.max_concurrency, most_under_way(point.client)
    mean = mean_under_way(point.client, window) if window else float(most)
    return {
        "most_under_way": most,
        "under_way": mean,
        "reached": None if asked is None or point.load.request_rate else mean >= (1 - REACHED) * asked,
    }
