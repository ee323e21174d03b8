"""All kernels on one product: time, error, and the reasons of those that did not run."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from batchscope.worker.gemm.kernels import KERNELS, Kernel, Ready, RefusedError
from batchscope.worker.gemm.operands import Operands, make_operands
from batchscope.worker.gemm.timing import Timer, in_turn, make_timer

COMPARED_ROWS = 256
"""Tokens whose results are compared with float32."""


FAILURES = (RuntimeError, NotImplementedError, ValueError, AssertionError)


class LostProcessError(Exception):
    """A kernel after which CUDA refuses all further calls, or one that failed while it was timed."""

    def __init__(self, kernel: str, reason: str) -> None:
        """``kernel``: its name."""
        super().__init__(f"{kernel}: {reason}")
        self.kernel, self.reason = kernel, reason


def is_lost(device: str) -> bool:
    """Whether CUDA refuses all further calls, as it does after an illegal memory access."""
    if device != "cuda":
        return False
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return True
    return False


def measure_product(
    shape: dict[str, Any],
    tokens: int,
    device: str,
    rounds: int,
    sample_s: float,
    without: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """One row a kernel.

    Args:
        shape: ``layer``, ``outputs``, ``inputs``.
        tokens: rows of the activations.
        device: cpu or cuda.
        rounds: timings of each kernel, in turn.
        sample_s: seconds of one timing, at least.
        without: kernels that are not to be tried, with the reason.

    Returns:
        ``kernel, precision, sparse, refused`` (why it did not run, or null), ``seconds`` (of one product, one
        value a round), ``calls, error, notes``, and the shape. ``error``: how far the result is from
        the product of the kernel's own weights in float32, as a share of that: of the root mean squares.

    Raises:
        LostProcessError: a kernel spoilt this process; nothing of this product is known.
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
            ready = prepared(kernel, operands, without or {})
            row |= {"error": error_of(ready, kernel, operands), "notes": ready.notes}
            # it waits for what it ran, so that a late error is still this kernel's
            timers[kernel.name] = make_timer(ready.call, operands.copies, device, sample_s)
        except RefusedError as refused:
            row["refused"] = str(refused)
        except FAILURES as failed:
            row["refused"] = _reason(failed, kernel.name, device)
    _time(timers, rounds, device)
    return [_with_times(row, timers.get(row["kernel"])) for row in rows]


def _time(timers: Mapping[str, Timer], rounds: int, device: str) -> None:
    for name in in_turn(list(timers), rounds):
        try:
            timers[name].seconds.append(timers[name].timed())
        except FAILURES as failed:
            # it ran before, so it refuses nothing, and others have times that it lacks
            raise LostProcessError(name, _reason(failed, name, device)) from failed


def _reason(failed: Exception, kernel: str, device: str) -> str:
    """The first line of what it says.

    Raises:
        LostProcessError: CUDA refuses all further calls.
    """
    reason = (str(failed).strip().splitlines() or [type(failed).__name__])[0]
    if is_lost(device):
        raise LostProcessError(kernel, reason) from failed
    return reason


def _with_times(row: dict[str, Any], timer: Timer | None) -> dict[str, Any]:
    if timer is None:
        return {**row, "seconds": [], "calls": 0, "error": None, "notes": {}}
    return {**row, "seconds": timer.seconds, "calls": timer.calls}


def prepared(kernel: Kernel, operands: Operands, without: Mapping[str, str]) -> Ready:
    """The kernel with its weights.

    Raises:
        RefusedError: it does not run here, or is not to be tried.
    """
    if kernel.name in without:
        raise RefusedError(without[kernel.name])
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
