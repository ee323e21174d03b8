"""cost.csv: prediction beside measurement (docs/cost_model.md)."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.audit.checked import Unknown
from tests.audit.raw import BIG, Run
from tests.audit.work import (
    device_of,
    flop_of,
    is_known,
    kv_tokens,
    model_of,
    step_bytes,
    step_seconds,
    steps_of,
)

Row = dict[str, Any]


def cost_row(run: Run) -> Row:
    """A row of the table; of an arithmetic without a constant, at the peaks themselves (`with_constants`)."""
    lengths, device = run.lengths(), device_of(run.gpu, run.resolved, run.args)
    model = model_of(run.measurement["architecture"], run.resolved, device.gpus)
    measured, share = (
        math.exp(np.mean(np.log([each["seconds"] for each in run.repeats]))),
        device.share or 1.0,
    )
    row: Row = {
        "n": run.workload["n"],
        "texts": run.labels,
        "duplicates": run.measurement["prompts"]["duplicates"],
        "measured_s": measured,
        "steps_measured": run.repeats[0].get("steps"),
        "constant": share,
        "kv_tokens_reported": run.resolved["kv_cache_tokens"],
        "kv_tokens_predicted": kv_tokens(model, run.resolved, run.environment["gpu"]["memory_bytes"]),
    }
    if lengths is None:
        return row | {"flop": Unknown(BIG)}
    flop = flop_of(model, lengths)
    known = {
        **{
            f"{name}_tokens": int(lengths[:, place].sum())
            for place, name in enumerate(("prompt", "cached", "output"))
        },
        "flop": sum(flop.values()),
        **{f"flop_{name}": value for name, value in flop.items()},
    }
    if not is_known(run.resolved):
        told = {name: row[name] for name in ("measured_s", "steps_measured", "kv_tokens_reported")}
        return {**row, **dict.fromkeys(AFTER, math.nan), **told, **known}
    steps = steps_of(lengths, run.resolved)
    seconds, moved = step_seconds(model, steps, device), step_bytes(model, steps).sum()
    reads, answers = steps["prefill_tokens"] > 0, steps["decode_tokens"] > 0
    parts = {
        "prefill": seconds["both"][reads & ~answers].sum(),
        "decode": seconds["both"][answers & ~reads].sum(),
        "mixed": seconds["both"][reads & answers].sum(),
    }
    predicted = sum(parts.values()) / share
    computing = seconds["both"][seconds["compute"] >= seconds["memory"]].sum()
    return {
        **row,
        **known,
        "bytes": moved.sum(),
        **{f"bytes_{name}": value for name, value in moved.items()},
        "steps": len(steps),
        "predicted_s": predicted,
        **{f"predicted_{name}_s": value / share for name, value in parts.items()},
        "measured_over_predicted": measured / predicted,
        "compute_share": computing / seconds["both"].sum(),
        "mfu": sum(flop.values()) / measured / device.mfu_peak,
        "bandwidth_use": moved.sum() / measured / device.bandwidth,
    }


def with_constants(runs: Sequence[Run]) -> dict[tuple[str, str], Row]:
    """All rows: an arithmetic that has no constant of its own takes what its runs here reach in the middle."""
    rows: dict[tuple[str, str], Row] = {}
    for run in runs:
        # of a run that was not measured only its settings are known
        rows[run.key] = cost_row(run) if run.repeats else settings_alone(run)
    kinds: dict[tuple[str, str], list[Run]] = {}
    for run in (each for each in runs if each.repeats and is_known(each.resolved)):
        device = device_of(run.gpu, run.resolved, run.args)
        if device.share is None:
            kinds.setdefault((run.gpu, device.arithmetic), []).append(run)
    for alike in kinds.values():
        own = [rows[run.key] for run in alike]
        share = float(np.median([row["predicted_s"] / row["measured_s"] for row in own]))
        for row in own:
            row["constant"] = share
            row["measured_over_predicted"] *= share
            for name in ("", "prefill_", "decode_", "mixed_"):
                row[f"predicted_{name}s"] /= share
    return rows


def settings_alone(run: Run) -> Row:
    """What is known before a run: its prompts, all of one length, and the work in them."""
    prompts, work = run.measurement["prompts"], run.workload
    asked = prompts["labels"] * (work.get("output_tokens_per_text") or 1)
    lengths = np.array(
        [spread(total, prompts["prompts"]) for total in (prompts["prompt_tokens"], 0, asked)]
    ).T
    flop = flop_of(model_of(run.measurement["architecture"]), lengths)
    return {
        "n": work["n"],
        "texts": run.labels,
        "duplicates": prompts["duplicates"],
        "prompt_tokens": prompts["prompt_tokens"],
        "cached_tokens": 0,
        "output_tokens": asked,
        "flop": sum(flop.values()),
        **{f"flop_{name}": value for name, value in flop.items()},
        **dict.fromkeys(AFTER, math.nan),
        "kv_tokens_reported": run.resolved.get("kv_cache_tokens"),
    }


AFTER = (
    "steps", "bytes", "bytes_weights", "bytes_kv_read", "bytes_kv_written", "steps_measured", "measured_s",
    "predicted_s", "predicted_prefill_s", "predicted_decode_s", "predicted_mixed_s", "measured_over_predicted",
    "compute_share", "mfu", "bandwidth_use", "kv_tokens_predicted", "kv_tokens_reported", "constant",
)  # fmt: skip


def spread(total: int, count: int) -> list[int]:
    """Whole numbers as equal as they can be, the larger ones first."""
    return [total // count + (place < total % count) for place in range(count)]
