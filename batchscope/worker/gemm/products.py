"""All kernels on one product: time, error, and the reasons of those that did not run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from batchscope.worker.gemm.kernels import KERNELS, Kernel, Ready, RefusedError
from batchscope.worker.gemm.operands import Operands, make_operands
from batchscope.worker.gemm.timing import Timer, make_timer, take_turns

COMPARED_ROWS = 256
"""Tokens whose results are compared with float32."""


def measure_product(
    shape: dict[str, Any], tokens: int, device: str, rounds: int, sample_s: float, *, graphs: bool
) -> list[dict[str, Any]]:
    """One row a kernel.

    Args:
        shape: ``layer``, ``outputs``, ``inputs``.
        tokens: rows of the activations.
        device: cpu or cuda.
        rounds: timings of each kernel, in turn.
        sample_s: seconds of one timing, at least.
        graphs: launch them as CUDA graphs.

    Returns:
        ``kernel, precision, sparse, refused`` (why it did not run, or null), ``seconds`` (of one product, one
        value a round), ``calls, graph, error, notes``, and the shape. ``error``: how far the result is from
        the product of the kernel's own weights in float32, as a share of that: of the root mean squares.
    """
    operands = make_operands(tokens, shape["outputs"], shape["inputs"], device)
    rows, timers = [], {}
    for kernel in KERNELS:
        row: dict[str, Any] = {
            **shape,
            "tokens": tokens,
            "kernel": kernel.name,
            "precision": kernel.precision,
            "sparse": kernel.sparse,
            "refused": None,
        }
        rows.append(row)
        try:
            ready = prepared(kernel, operands)
            row |= {"error": error_of(ready, kernel, operands), "notes": ready.notes}
            timers[kernel.name] = make_timer(ready.call, operands.copies, device, sample_s, graphs=graphs)
        except RefusedError as refused:
            row["refused"] = str(refused)
        except (RuntimeError, NotImplementedError, ValueError, AssertionError) as failed:
            row["refused"] = (str(failed).strip().splitlines() or [type(failed).__name__])[0]
    take_turns(timers, rounds)
    return [_with_times(row, timers.get(row["kernel"])) for row in rows]


def _with_times(row: dict[str, Any], timer: Timer | None) -> dict[str, Any]:
    if timer is None:
        return {**row, "seconds": [], "calls": 0, "graph": False, "error": None, "notes": {}}
    return {**row, "seconds": timer.seconds, "calls": timer.calls, "graph": timer.graph}


def prepared(kernel: Kernel, operands: Operands) -> Ready:
    """The kernel with its weights.

    Raises:
        RefusedError: it does not run here.
    """
    if kernel.needs_gpu and operands.device == "cpu":
        raise RefusedError("it needs a GPU")
    return kernel.prepare(operands)


def error_of(ready: Ready, kernel: Kernel, operands: Operands) -> float:
    """Root mean square of the difference to float32, over that of the float32 result; first tokens only."""
    result = ready.call(0)
    rows = (result.t() if ready.is_transposed else result)[:COMPARED_ROWS].float() * ready.scale
    weights = operands.pruned if kernel.sparse else operands.dense
    with full_precision():
        exact = operands.tokens[:COMPARED_ROWS].float() @ weights.float().t()
    return float(torch.linalg.vector_norm(rows - exact) / torch.linalg.vector_norm(exact))


@contextmanager
def full_precision() -> Iterator[None]:
    """Inside the block, products of float32 are computed in float32 and not in TF32."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def effect_of_pruning(shape: dict[str, Any], device: str) -> float:
    """How far the product with pruned weights is from that with all of them, as `error_of` has it.

    The weights are normal and pruned without any training; those of a trained model lose another share.
    """
    operands = make_operands(COMPARED_ROWS, shape["outputs"], shape["inputs"], device)
    with full_precision():
        exact, pruned = (
            operands.tokens.float() @ weights.float().t() for weights in (operands.dense, operands.pruned)
        )
    return float(torch.linalg.vector_norm(pruned - exact) / torch.linalg.vector_norm(exact))
