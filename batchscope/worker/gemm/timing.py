"""How long products take: all kernels of one shape in turn, round by round, by the device's own clock."""

import time
from collections.abc import Callable, Mapping, Sequence
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
    graph: bool
    """whether they are launched as one CUDA graph"""
    seconds: list[float] = field(default_factory=list)
    """of one product, one value a round"""


def make_timer(call: Call, copies: int, device: str, sample_s: float, *, graphs: bool) -> Timer:
    """Warm a kernel up, and see how many products fill ``sample_s`` seconds."""
    timed = _on_gpu(call, copies) if device == "cuda" else _on_cpu(call, copies)
    timed(WARM_UP_CALLS)
    calls = max(1, min(MOST_CALLS, round(sample_s / max(timed(WARM_UP_CALLS), 1e-7))))
    if device == "cuda" and graphs and (replayed := _captured(call, copies, calls)):
        replayed()
        return Timer(replayed, calls, graph=True)
    return Timer(lambda: timed(calls), calls, graph=False)


def _on_cpu(call: Call, copies: int) -> Callable[[int], float]:
    def timed(calls: int) -> float:
        start = time.perf_counter()
        for number in range(calls):
            call(number % copies)
        return (time.perf_counter() - start) / calls

    return timed


def _on_gpu(call: Call, copies: int) -> Callable[[int], float]:
    def timed(calls: int) -> float:
        def run() -> None:
            for number in range(calls):
                call(number % copies)

        return _between_events(run) / calls

    return timed


def _between_events(run: Callable[[], None]) -> float:
    """Seconds on the GPU's clock from the first to the last kernel of ``run``."""
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    run()
    end.record()
    end.synchronize()
    return float(start.elapsed_time(end)) / 1000


def _captured(call: Call, copies: int, calls: int) -> Timed | None:
    """The same products as one CUDA graph; None where they cannot be captured."""
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            for number in range(calls):
                call(number % copies)
    except RuntimeError:
        torch.cuda.synchronize()
        return None
    return lambda: _between_events(graph.replay) / calls


def take_turns(timers: Mapping[str, Timer], rounds: int) -> None:
    """Time every kernel once a round; the order turns by one each round, so that none always comes first."""
    names: Sequence[str] = list(timers)
    for number in range(rounds):
        first = number % len(names) if names else 0
        for name in (*names[first:], *names[:first]):
            timers[name].seconds.append(timers[name].timed())
