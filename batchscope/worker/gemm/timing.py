"""How long products take: all kernels of one shape in turn, round by round, by the device's own clock.

Launched one by one, without CUDA graphs: capturing them ended in an illegal memory access on an H200 (torch
2.11.0, cuBLASLt, cuSPARSELt and torchao 0.18 in one process). Calls are queued, so launching is hidden where
a product takes longer than its launch.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch

from batchscope.worker.gemm.kernels import Call

WARM_UP_CALLS = 3
MOST_CALLS = 1000

Timed = Callable[[], float]
"""Runs some products, and returns seconds for one of them."""


@dataclass
class Timer:
    """A kernel, ready to be timed."""

    timed: Timed
    calls: int
    """products in one timing"""
    seconds: list[float] = field(default_factory=list)
    """of one product, one value a round"""


def make_timer(call: Call, copies: int, device: str, sample_s: float) -> Timer:
    """Warm a kernel up, and see how many products fill ``sample_s`` seconds."""
    timed = _on_gpu(call, copies) if device == "cuda" else _on_cpu(call, copies)
    timed(WARM_UP_CALLS)
    calls = max(1, min(MOST_CALLS, round(sample_s / max(timed(WARM_UP_CALLS), 1e-7))))
    return Timer(lambda: timed(calls), calls)


def _on_cpu(call: Call, copies: int) -> Callable[[int], float]:
    def timed(calls: int) -> float:
        start = time.perf_counter()
        for number in range(calls):
            call(number % copies)
        return (time.perf_counter() - start) / calls

    return timed


def _on_gpu(call: Call, copies: int) -> Callable[[int], float]:
    """By the GPU's clock, from the first product's start to the last one's end."""

    def timed(calls: int) -> float:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for number in range(calls):
            call(number % copies)
        end.record()
        end.synchronize()
        return float(start.elapsed_time(end)) / 1000 / calls

    return timed


def in_turn(names: Sequence[str], rounds: int) -> Iterator[str]:
    """Every kernel once a round; the order turns by one each round, so that none always comes first."""
    for number in range(rounds):
        first = number % len(names) if names else 0
        yield from (*names[first:], *names[:first])
