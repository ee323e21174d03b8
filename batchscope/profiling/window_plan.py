"""Which steps of a pass to capture, and what the cost model says that they compute.

The window lies at a share of the pass's predicted time, not of its steps: a pass over long packed prompts
spends nine tenths of its time in a third of its steps, those that read prompts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from batchscope.common.errors import UserError
from batchscope.cost.flops import Architecture, Lengths
from batchscope.cost.memory import Precision, kv_bytes, precision_of, tokens_in
from batchscope.cost.roofline import BYTES, bytes_by_part, flops_by_part
from batchscope.cost.scheduler_simulation import Limits, simulate

BATCHED_TOKENS = 16384
SEQS = {"cpu": 256, "cuda": 1024}
"""vLLM's largest defaults, for arguments that are not set. With them a pass may seem shorter than it is, but
not longer, so that the window lies within it."""

BLOCK_SIZE = {"cpu": 128, "cuda": 16}
"""vLLM's own choice."""

BALANCE = {"cpu": 20.0, "cuda": 250.0}
"""Roughly the FLOP that a device computes while it moves one byte. It only decides where the window lies."""

AROUND = 2
"""Captured steps that only bound the window: the first and the last (see `kernel_classes`)."""


@dataclass(frozen=True)
class WindowPlan:
    """Steps to capture: ``steps`` of them after ``skip`` others.

    Two more are captured than are looked into: the profiler starts inside the first, and the beginning of the
    last is the window's end.
    """

    skip: int
    steps: int
    cached_tokens: int
    """prompt tokens of the whole pass that the prefix cache serves"""


def plan_window(
    requests: Sequence[Lengths],
    limits: Limits,
    steps: int,
    at: float = 0.5,
    cost: Callable[[pd.DataFrame], NDArray[np.float64]] | None = None,
) -> WindowPlan:
    """Which steps to capture of a pass over all requests; a pass shorter than the window is captured whole.

    Args:
        requests: all of the pass, in their order.
        limits: what bounds a step, as far as it is known before the engine starts.
        steps: length of the window.
        at: where the middle of the window lies, as a share of the pass's cost.
        cost: of each simulated step, in any unit; None: all cost the same.

    Raises:
        UserError: the KV cache cannot hold one of the requests.
    """
    try:
        simulated = simulate(requests, limits)
    except ValueError as error:
        raise UserError(f"nothing to profile: {error}; raise engine.args.kv_cache_memory_bytes") from None
    captured = min(steps + AROUND, len(simulated))
    done = np.cumsum(cost(simulated) if cost else np.ones(len(simulated)))
    middle = int(np.searchsorted(done, at * done[-1], side="right"))
    skip = min(max(middle - captured // 2, 0), len(simulated) - captured)
    return WindowPlan(skip, captured, sum(request.cached_tokens for request in requests))


def step_cost(
    model: Architecture, precision: Precision | None, device: str
) -> Callable[[pd.DataFrame], NDArray[np.float64]]:
    """A function for each step's roofline time in units of one FLOP: its FLOP, or its bytes x `BALANCE`."""

    def cost(work: pd.DataFrame) -> NDArray[np.float64]:
        flops: NDArray[np.float64] = flops_by_part(model, work).sum(axis="columns").to_numpy(dtype=float)
        if precision is None:
            return flops
        moved: NDArray[np.float64] = (
            bytes_by_part(model, precision, work).sum(axis="columns").to_numpy(dtype=float)
        )
        return np.maximum(flops, BALANCE[device] * moved)

    return cost


def work_of_window(
    requests: Sequence[Lengths], resolved: Mapping[str, Any], skip: int, steps: int
) -> pd.DataFrame:
    """What the captured steps should compute, now that the engine has said how large its KV cache is.

    Args:
        requests: all of the pass, in their order.
        resolved: the engine's arguments in force, as measurement.json has them.
        skip: steps of the pass before those captured.
        steps: captured.

    Returns:
        Columns `batchscope.cost.scheduler_simulation.STEP`, one row a captured step.
    """
    limits = Limits(
        resolved["max_num_batched_tokens"],
        resolved["max_num_seqs"],
        resolved.get("kv_cache_tokens") or None,
        bool(resolved.get("async_scheduling")),
    )
    return simulate(requests, limits).iloc[skip : skip + steps].reset_index(drop=True)


def limits_of(args: Mapping[str, Any], device: str, model: Architecture | None) -> Limits:
    """What bounds a step, as far as the engine's arguments say it."""
    batched = args.get("max_num_batched_tokens") or BATCHED_TOKENS
    seqs = args.get("max_num_seqs") or SEQS[device]
    size, precision = args.get("kv_cache_memory_bytes"), precision_in(args)
    tokens = None
    if size and model and precision:
        gpus = args.get("tensor_parallel_size") or 1
        tokens = tokens_in(
            size, kv_bytes(model, precision, gpus), args.get("block_size") or BLOCK_SIZE[device]
        )
    return Limits(batched, min(seqs, batched), tokens)


def precision_in(args: Mapping[str, Any]) -> Precision | None:
    """Bytes of one value of weights and KV cache, from arguments asked for or in force; None: not known."""
    return precision_of(args.get("dtype"), args.get("quantization"), args.get("kv_cache_dtype"))


def work_by_class(model: Architecture, precision: Precision | None, work: pd.DataFrame) -> pd.DataFrame:
    """What the matrix products and the attention of these steps compute and move.

    Args:
        model: the model's shape.
        precision: None: bytes are not known.
        work: simulated steps, columns `batchscope.cost.scheduler_simulation.STEP`.

    Returns:
        Rows ``GEMM`` and ``attention``, columns ``flops`` and ``bytes``. The bytes of matrix products are
        those of the weights, read once a step; activations are left out.
    """
    flops = flops_by_part(model, work).sum()
    moved = bytes_by_part(model, precision, work).sum() if precision else pd.Series(float("nan"), index=BYTES)
    attention = [name for name in flops.index if name.endswith("_attention")]
    return pd.DataFrame(
        {
            "flops": [flops.drop(attention).sum(), flops[attention].sum()],
            "bytes": [moved["weights"], moved["kv_read"] + moved["kv_written"]],
        },
        index=["GEMM", "attention"],
    )


def as_planned(work: pd.DataFrame, steps: pd.DataFrame) -> bool:
    """Whether the captured steps are the simulated ones, by their tokens."""
    names = ["prefill_tokens", "decode_tokens"]
    return len(work) == len(steps) and bool((work[names].to_numpy() == steps[names].to_numpy()).all())
