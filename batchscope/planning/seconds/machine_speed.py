"""How fast this machine is at this moment, beside the one on which the tables of seconds were made.

That one has two cores of an AMD EPYC. One core of plain Python stands for everything: products of matrices on
all cores took forty times as long beside other programs, and an engine only twice.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from batchscope.planning.checks.gpu_facts import visible_gpus

ONE_CORE = 80.0
"""How often a second the reference machine does `_count` while it does nothing else."""

SAMPLE_S = 0.6
"""Seconds that measuring takes."""


@dataclass(frozen=True)
class Speed:
    """1 is the reference machine, 2 is twice as fast."""

    now: float = 1.0
    """beside the programs that run at this moment, which will slow a sweep down as well"""
    alone: float = 1.0
    """without them"""


@dataclass(frozen=True)
class Machine:
    """What is known of this machine: its speed beside the reference machine, and its GPU's name."""

    speed: float = 1.0
    gpu: str = ""


def this_machine(speed: Speed) -> Machine:
    """This machine as predictions take it."""
    gpus = visible_gpus()
    return Machine(speed.now, gpus[0].name if gpus else "")


def measure_speed() -> Speed:
    """This machine's speed."""
    now, alone = rates(_count)
    return Speed(now / ONE_CORE, alone / ONE_CORE)


def rates(work: Callable[[], object], seconds: float = SAMPLE_S) -> tuple[float, float]:
    """How often work is done in a second, and in a second of a core's time; it is done at least once."""
    done, start, used = 0, time.perf_counter(), time.process_time()
    while not done or time.perf_counter() < start + seconds:
        work()
        done += 1
    passed = time.perf_counter() - start
    return done / passed, done / max(min(time.process_time() - used, passed), 1e-9)


def _count() -> int:
    return sum(number * number for number in range(200_000))
