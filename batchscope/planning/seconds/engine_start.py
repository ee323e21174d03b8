"""How long an engine takes to start, with its imports, where none like it has been started here yet.

From an 8B model's starts on H200s with vLLM 0.26.0 (docs/reference/h200-*, ``engine.start_s``): 7 to 14 s in
eager mode, 22 to 59 s with CUDA graphs (87 s with 16 GB of weights to be read), 58 to 85 s where weights are
quantized to fp8 meanwhile, and 351 and 354 s with scales per block, whose kernels nvcc compiles first. The
first engine of all took 142 to 202 s on machines that had compiled nothing before.
"""

from collections.abc import Collection, Mapping
from statistics import median
from typing import Any

EAGER, FP8, FP8_PER_BLOCK, GRAPHS = "eager", "fp8", "fp8_per_block", "graphs"
"""Kinds of start on a GPU."""

START_S = {EAGER: 10.0, GRAPHS: 45.0, FP8: 70.0, FP8_PER_BLOCK: 70.0}
"""Seconds on a GPU, by kind, once its kernels are there."""

CPU_START_S = 25.0
"""Seconds on CPU, on the reference machine."""

SERVER_S = 8.0
"""More for a server on CPU, on the reference machine."""

ANY = "any"
"""Kernels that every engine on a GPU needs."""

COMPILING_S = {ANY: 160.0, FP8_PER_BLOCK: 350.0}
"""Seconds of the first engine on a GPU, and of the first of a kind, whose kernels are compiled."""


def kind_of_start(device: str, args: Mapping[str, Any]) -> str:
    """Which starts are alike.

    Args:
        device: ``cpu`` or ``cuda``.
        args: the engine's arguments.
    """
    if device == "cpu":
        return "cpu"
    quantization = str(args.get("quantization"))
    if quantization == FP8_PER_BLOCK:
        return FP8_PER_BLOCK
    if args.get("enforce_eager"):
        return EAGER
    return FP8 if quantization.startswith("fp8") else GRAPHS


def guessed_start(kind: str, seen: Mapping[str, float], *, serves: bool, speed: float) -> float:
    """Seconds of a start whose kernels are there.

    On a GPU it goes with the starts of other kinds: a larger model takes longer in each.

    Args:
        kind: as `kind_of_start` names it.
        seen: seconds by kind, of those that have been started in the same environment before.
        serves: whether it is a server.
        speed: of this machine's processor, to the reference machine's.
    """
    if kind == "cpu":
        return (CPU_START_S + (SERVER_S if serves else 0.0)) / speed
    ratios = [took / START_S[each] for each, took in seen.items() if each not in COMPILING_S]
    return START_S[kind] * (median(ratios) if ratios else 1.0)


def compiles(kind: str, known: Collection[str]) -> tuple[str, ...]:
    """What a start may have to compile first, as keys of `COMPILING_S`.

    Args:
        kind: as `kind_of_start` names it.
        known: kinds that have been started in the same environment before.
    """
    if kind == "cpu" or kind in known:
        return ()
    return tuple(key for key in (ANY, kind) if key in COMPILING_S and not (key == ANY and known))
