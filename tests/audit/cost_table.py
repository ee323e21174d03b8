"""cost.csv: prediction beside measurement (docs/cost_model.md)."""

import math
from typing import Any

import numpy as np

from tests.audit.checked import Unknown
from tests.audit.raw import BIG, Run
from tests.audit.work import (
    BANDWIDTH,
    DEVICES,
    PEAK,
    flop_of,
    kv_tokens,
    model_of,
    step_bytes,
    step_seconds,
    steps_of,
)

Row = dict[str, Any]


def cost_row(run: Run) -> Row:
    """A row of the table."""
    lengths, model = run.lengths(), model_of(run.measurement["architecture"])
    device, measured = DEVICES[run.gpu], math.exp(np.mean(np.log([each["seconds"] for each in run.repeats])))
    row: Row = {
        "n": run.workload["n"],
        "texts": run.labels,
        "duplicates": run.measurement["prompts"]["duplicates"],
        "measured_s": measured,
        "steps_measured": run.repeats[0].get("steps"),
        "constant": device["share"],
        "kv_tokens_reported": run.resolved["kv_cache_tokens"],
        "kv_tokens_predicted": kv_tokens(model, run.resolved, run.environment["gpu"]["memory_bytes"]),
    }
    if lengths is None:
        return row | {"flop": Unknown(BIG)}
    flop = flop_of(model, lengths)
    steps = steps_of(lengths, run.resolved)
    seconds, moved = step_seconds(model, steps, device), step_bytes(model, steps).sum()
    reads, answers = steps["prefill_tokens"] > 0, steps["decode_tokens"] > 0
    parts = {
        "prefill": seconds["both"][reads & ~answers].sum(),
        "decode": seconds["both"][answers & ~reads].sum(),
        "mixed": seconds["both"][reads & answers].sum(),
    }
    predicted = sum(parts.values()) / device["share"]
    computing = seconds["both"][seconds["compute"] >= seconds["memory"]].sum()
    return {
        **row,
        **{
            f"{name}_tokens": int(lengths[:, place].sum())
            for place, name in enumerate(("prompt", "cached", "output"))
        },
        "flop": sum(flop.values()),
        **{f"flop_{name}": value for name, value in flop.items()},
        "bytes": moved.sum(),
        **{f"bytes_{name}": value for name, value in moved.items()},
        "steps": len(steps),
        "predicted_s": predicted,
        **{f"predicted_{name}_s": value / device["share"] for name, value in parts.items()},
        "measured_over_predicted": measured / predicted,
        "compute_share": computing / seconds["both"].sum(),
        "mfu": sum(flop.values()) / measured / device[PEAK],
        "bandwidth_use": moved.sum() / measured / device[BANDWIDTH],
    }
