"""Latencies of a load point's requests, from the arrays alone; pure functions under vLLM's definitions.

- TTFT: from sending a request to its first token. E2EL: to its last one.
- TPOT: (E2EL - TTFT) / (output tokens - 1); ITL: from chunk to chunk. Both are undefined with one output
  token: such a request is in neither, and where there is no other, there is no value.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from batchscope.config.serving import Slo
from batchscope.statistics.blocks import block_of
from batchscope.statistics.shares import Share, grouped_share

KINDS = {"ttft": "TTFT", "tpot": "TPOT", "itl": "ITL", "e2el": "E2EL"}
PERCENTILES = (50, 90, 95, 99)
MS = 1e3

Values = Mapping[str, "np.ndarray[tuple[int], np.dtype[np.float64]]"]


def latencies(requests: pd.DataFrame) -> Values:
    """Milliseconds by kind (of `KINDS`): a value a request, of ITL one a chunk; failed ones have none."""
    done = requests[requests["error"].isna()]
    several = done[done["output_tokens"] > 1]
    tpot = (several["e2el_s"] - several["ttft_s"]) / (several["output_tokens"] - 1)
    itls = [np.asarray(each, float) for each in several["itls_s"]]
    return {
        "ttft": MS * done["ttft_s"].to_numpy(float),
        "tpot": MS * tpot.to_numpy(float),
        "itl": MS * np.concatenate([np.empty(0), *itls]),
        "e2el": MS * done["e2el_s"].to_numpy(float),
    }


def statistics(requests: pd.DataFrame) -> dict[str, float]:
    """``mean_ttft_ms``, ``median_ttft_ms``, ``p99_ttft_ms`` and so on; NaN where undefined."""
    found = {}
    for kind, values in latencies(requests).items():
        found[f"mean_{kind}_ms"] = float(values.mean()) if len(values) else np.nan
        for percent in PERCENTILES:
            name = "median" if percent == 50 else f"p{percent}"
            found[f"{name}_{kind}_ms"] = float(np.percentile(values, percent)) if len(values) else np.nan
    return found


def first_and_again(requests: pd.DataFrame, distinct: int) -> tuple[float, float]:
    """Median TTFT in ms of the prompts' first submissions, and of later ones; NaN where none is sent again.

    Args:
        requests: in the order of sending, in which a prompt's copies come a whole pass later.
        distinct: prompts of one pass, copies left out.
    """
    again = requests["request"] >= distinct
    medians = [latencies(rows)["ttft"] for rows in (requests[~again], requests[again])]
    if not all(len(values) for values in medians):
        return np.nan, np.nan
    first, later = (float(np.median(values)) for values in medians)
    return first, later


def within_slo(requests: pd.DataFrame, slo: Slo) -> Share | None:
    """The requests that keep all limits, of all that were sent; None where there is no limit, or no request.

    A failed request keeps none. One with a single output token keeps any TPOT, as vLLM has it. Requests that
    were sent one after the other are not independent: those of one block (`blocks`) are taken to be alike.
    """
    limits = slo.model_dump(exclude_none=True)
    if not limits or requests.empty:
        return None
    further = (requests["output_tokens"] - 1).clip(lower=1)
    taken = {
        "ttft_ms": MS * requests["ttft_s"],
        "tpot_ms": MS * (requests["e2el_s"] - requests["ttft_s"]) / further,
        "e2el_ms": MS * requests["e2el_s"],
    }
    good = requests["error"].isna()
    for name, limit in limits.items():
        good &= taken[name] <= limit
    order = requests["sent_s"].argsort(kind="stable")
    return grouped_share(good.to_numpy(bool)[order], block_of(len(good)))
