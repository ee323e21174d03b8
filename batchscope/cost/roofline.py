"""What a run must compute and move, how long that should take, and whether arithmetic or memory limits it.

This is the roofline model (Williams, Waterman and Patterson, *Communications of the ACM* 52, 2009), applied
to each engine step: a step takes as long as its FLOP take at the device's peak, or its bytes at the memory's
bandwidth, whichever is longer. No kernel reaches either. One measured constant for each device, ``share``,
says how much of them is reached.

    seconds = sum over steps of max(FLOP / peak, bytes / bandwidth) / share

Steps come from `batchscope.cost.scheduler_simulation`, FLOP from `batchscope.cost.flops`, bytes from
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
from batchscope.cost.scheduler_simulation import Limits, simulate

PARTS = ("linear", "attention", "head")
PHASES = ("prefill", "decode")
FLOP = tuple(f"{phase}_{part}" for phase in PHASES for part in PARTS)
BYTES = ("weights", "kv_read", "kv_written")

Limit = Literal["compute", "memory bandwidth"]


@dataclass(frozen=True)
class Peaks:
    """What all GPUs of a run together can do at most: FLOP/s, and for ``bandwidth`` bytes/s.

    With quantized weights the layers' matrices have the peak ``linear``; attention and head keep ``other``.
    """

    linear: float
    other: float
    bandwidth: float


@dataclass(frozen=True)
class Engine:
    """All that decides a prediction, except the requests."""

    model: Architecture
    precision: Precision
    limits: Limits
    peaks: Peaks | None
    """None: the device is not known, and time is FLOP over one rate"""


def flops_by_part(model: Architecture, work: pd.DataFrame) -> pd.DataFrame:
    """FLOP of each row of ``work`` (columns `schedule.WORK`), as a frame with the columns `FLOP`."""
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
    """Bytes that each step (columns `schedule.STEP`) moves, as a frame with the columns `BYTES`.

    Each step reads the weights once. A prompt's chunk reads its context from the KV cache once, and each
    answer reads its own context, even where several answers share one.
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
    """What one pass over all requests takes, in seconds at the device's peaks.

    Divided by the device's share these are predicted seconds. Where the peaks are not known, the times are
    FLOP, to be divided by a rate.
    """

    steps: int
    bytes: "pd.Series[float]"
    """by part (`BYTES`)"""
    prefill: float
    """time of the steps that compute only prompts"""
    decode: float
    """time of the steps that compute only answers"""
    mixed: float
    """time of the steps that compute both"""
    compute_share: float | None
    """share of the time in steps that arithmetic limits, not memory bandwidth; None: not known"""

    @property
    def ideal(self) -> float:
        """Time of all steps."""
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
