"""What a run must compute and move, how long that should take, and which of the two limits it.

The roofline model (Williams, Waterman and Patterson, *Communications of the ACM* 52, 2009), step by step: a
step takes as long as its FLOP at the device's peak or its bytes at the memory's bandwidth, whichever is
longer. No kernel reaches either; one measured constant for each device, the share that is reached, stands
for all that.

    seconds = sum over steps of max(FLOP / peak, bytes / bandwidth) / share

Steps come from `batchscope.cost.schedule`, FLOP from `batchscope.cost.flops`, bytes from
`batchscope.cost.memory`. Not in it: activations' bytes, collectives between GPUs, gaps between steps,
sampling. docs/cost_model.md has figures and measurements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from batchscope.cost.flops import Architecture, Lengths, head_flops, key_flops, linear_flops
from batchscope.cost.memory import Precision, kv_bytes, step_weight_bytes
from batchscope.cost.schedule import Limits, simulate

PARTS = ("linear", "attention", "head")
PHASES = ("prefill", "decode")
FLOP = tuple(f"{phase}_{part}" for phase in PHASES for part in PARTS)
BYTES = ("weights", "kv_read", "kv_written")

Limit = Literal["compute", "memory bandwidth"]


@dataclass(frozen=True)
class Peaks:
    """What the GPUs of a run can do at most, all together: FLOP/s and bytes/s.

    Quantization lets the layers' matrices run at ``linear``; attention and head stay at ``other``.
    """

    linear: float
    other: float
    bandwidth: float


@dataclass(frozen=True)
class Engine:
    """All that decides a prediction but the requests."""

    model: Architecture
    precision: Precision
    limits: Limits
    peaks: Peaks | None
    """None: the device is not known, and time is FLOP over one rate"""


def flops_by_part(model: Architecture, work: pd.DataFrame) -> pd.DataFrame:
    """FLOP of each row of ``work`` (columns `schedule.WORK`): columns `FLOP`."""
    return pd.DataFrame(
        {
            "prefill_linear": float(linear_flops(model)) * work["prefill_tokens"],
            "prefill_attention": float(key_flops(model)) * work["prefill_keys"],
            "prefill_head": float(head_flops(model)) * work["first_tokens"],
            "decode_linear": float(linear_flops(model)) * work["decode_tokens"],
            "decode_attention": float(key_flops(model)) * work["decode_keys"],
            "decode_head": float(head_flops(model)) * work["decode_tokens"],
        }
    )


def bytes_by_part(model: Architecture, precision: Precision, steps: pd.DataFrame) -> pd.DataFrame:
    """Bytes that each step moves (columns `schedule.STEP`): columns `BYTES`.

    Weights are read once a step; of the KV cache, a chunk of a prompt reads its context once, and each
    answer its own, even where several share one.
    """
    token = float(kv_bytes(model, precision))
    return pd.DataFrame(
        {
            "weights": np.full(len(steps), float(step_weight_bytes(model, precision))),
            "kv_read": token * (steps["prefill_context"] + steps["decode_keys"]),
            "kv_written": token * (steps["prefill_tokens"] + steps["decode_tokens"]),
        }
    )


@dataclass(frozen=True)
class Prediction:
    """A pass over all requests. Seconds are ideal ones: divide by the device's share to have predicted ones.

    Without peaks they are FLOP, and are divided by a rate.
    """

    steps: int
    bytes: "pd.Series[float]"
    """by part (`BYTES`)"""
    prefill: float
    """of steps that compute prompts alone"""
    decode: float
    """of steps that compute answers alone"""
    mixed: float
    """of steps that do both"""
    compute_share: float | None
    """of the time, in steps that computing limits; memory bandwidth limits the others. None: not known"""

    @property
    def ideal(self) -> float:
        """Of all steps."""
        return self.prefill + self.decode + self.mixed

    @property
    def limit(self) -> Limit | None:
        """Which resource limits the larger part of the time; None where the device is not known."""
        if self.compute_share is None:
            return None
        return "compute" if self.compute_share >= 0.5 else "memory bandwidth"


def predict(engine: Engine, requests: Sequence[Lengths]) -> Prediction:
    """Simulate the steps of one pass, and add up what each takes.

    Raises:
        ValueError: the KV cache cannot hold one of the requests.
    """
    steps = simulate(requests, engine.limits)
    flops = flops_by_part(engine.model, steps)
    moved = bytes_by_part(engine.model, engine.precision, steps)
    if engine.peaks is None:
        seconds, computing = flops.sum(axis="columns"), None
    else:
        linear = flops["prefill_linear"] + flops["decode_linear"]
        compute_s = linear / engine.peaks.linear
        compute_s += (flops.sum(axis="columns") - linear) / engine.peaks.other
        memory_s = moved.sum(axis="columns") / engine.peaks.bandwidth
        seconds = compute_s.clip(lower=memory_s)
        computing = float(seconds[compute_s >= memory_s].sum() / seconds.sum())
    prefill, decode = steps["prefill_tokens"] > 0, steps["decode_tokens"] > 0
    return Prediction(
        steps=len(steps),
        bytes=moved.sum(),
        prefill=float(seconds[prefill & ~decode].sum()),
        decode=float(seconds[decode & ~prefill].sum()),
        mixed=float(seconds[prefill & decode].sum()),
        compute_share=computing,
    )
