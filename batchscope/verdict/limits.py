"""What limits a setting: arithmetic, memory bandwidth, the host, or decoding a token at a time."""

from typing import Any

import pandas as pd

from batchscope.results.frames import cell_value
from batchscope.statistics.spread import BUSY
from batchscope.verdict.schema import LimitedBy
from batchscope.verdict.wording import percent

MOSTLY = 0.5
"""Share of the predicted time from which on decoding is what takes it."""


def limited_by(run: "pd.Series[Any]", cost: "pd.Series[Any] | None") -> LimitedBy:
    """What limits a run.

    Args:
        run: its row of the runs table.
        cost: its row of the cost table; None: there is none.
    """
    if run["device"] == "cpu":
        return LimitedBy(
            "unknown",
            "No GPU took part, and a CPU's peaks are not known: arithmetic and memory are not told apart.",
        )
    busy = cell_value(run["utilization"])
    if busy is not None and busy < BUSY:
        return LimitedBy(
            "host",
            f"The host: the GPU computed in only {percent(busy, 0)} of the time and waited for the CPU in "
            "the rest. A faster GPU would help little.",
        )
    return _by_model(cost, "The GPU" if busy is None else "The GPU, not the host")


def _by_model(cost: "pd.Series[Any] | None", who: str) -> LimitedBy:
    """What the cost model says; ``who``: what was seen to be busy."""
    limit = cell_value(cost["limit"]) if cost is not None else None
    if cost is None or limit is None:
        return LimitedBy("unknown", "The cost model does not know this model's shape or this GPU.")
    decoding = float(cost["predicted_decode_s"] / cost["predicted_s"])
    if decoding > MOSTLY:
        return LimitedBy(
            "decode",
            f"{who}: {percent(decoding, 0)} of the time goes into decoding answers, one token for each "
            "prompt in a step. Fewer output tokens, or more prompts at a time, would help.",
        )
    if limit == "compute":
        return LimitedBy(
            "compute",
            f"{who}: its arithmetic{_reached(cost, 'mfu')}. Fewer tokens would help.",
        )
    return LimitedBy(
        "memory",
        f"{who}: its memory bandwidth{_reached(cost, 'bandwidth_use')}. Larger batches would help.",
    )


def _reached(cost: "pd.Series[Any]", column: str) -> str:
    share = cell_value(cost[column])
    return "" if share is None else f", {percent(share, 0)} of whose peak is reached"
