"""Profilers: what each is to the user, which module runs it, and which page shows its results; one registry.

To add one, add its name and its entry here, and write its module in ``batchscope/profiling``, which has:

- ``capture(job)``: run the engine under it, see `batchscope.profiling.capture.CaptureJob`;
- ``KEPT``: ``window.json`` for a profile of time, ``memory.json`` for one of memory;
- ``parse(folder)``, for memory ``parse(folder, device)``: read what it wrote.

One that works inside the engine's process has a second module, in ``batchscope/worker/profiling``.
"""

from dataclasses import dataclass
from typing import Literal

ProfilerName = Literal["torch", "nsys", "memory"]


@dataclass(frozen=True)
class Profiler:
    """What there is to say of one profiler."""

    description: str
    module: str
    """in ``batchscope/profiling``"""
    page: str
    """report that shows it, as tables/{page}.html"""


PROFILERS: dict[ProfilerName, Profiler] = {
    "torch": Profiler("PyTorch's", module="torch_trace", page="profiles"),
    "nsys": Profiler("Nsight Systems, to be installed", module="nsys", page="profiles"),
    "memory": Profiler("what takes the device's memory", module="memory_snapshot", page="memory"),
}


def module_of(profiler: ProfilerName) -> str:
    """The dotted name of a profiler's module.

    Put together here, and written nowhere in full: a name in full would count as an import, and then each
    profiler's code would decide whether the captures of the others are stale.
    """
    return f"batchscope.profiling.{PROFILERS[profiler].module}"


def profilers_of_page(page: str) -> list[ProfilerName]:
    """The profilers that a page shows; none for a page that is about something else."""
    return [name for name, profiler in PROFILERS.items() if profiler.page == page]
