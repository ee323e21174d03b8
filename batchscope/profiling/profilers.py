"""The profilers that there are: for each the module that runs it, and the page that shows what it found.

To add one, write its module, give it an entry in `PROFILERS`, and add its name to those that
`batchscope.config.profile` offers.
A module has:

- ``capture(job)``: run the engine under it, see `batchscope.profiling.capture.CaptureJob`;
- ``KEPT``: ``window.json`` for a profile of time, ``memory.json`` for one of memory;
- ``parse(folder)``, for memory ``parse(folder, device)``: read what it wrote.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Profiler:
    """Where a profiler's code is, and where its results are shown."""

    module: str
    """below this package"""
    page: str
    """report that shows it, as tables/{page}.html"""


PROFILERS = {
    "torch": Profiler(module="torch_trace", page="profiles"),
    "nsys": Profiler(module="nsys", page="profiles"),
    "memory": Profiler(module="memory_snapshot", page="memory"),
}
"""Profilers by the name that ``profile.profilers`` has for them."""


def module_of(profiler: str) -> str:
    """The dotted name of a profiler's module.

    Put together here, and written nowhere in full: a name in full would count as an import, and then each
    profiler's code would decide whether the captures of the others are stale.
    """
    return f"batchscope.profiling.{PROFILERS[profiler].module}"


def profilers_of_page(page: str) -> list[str]:
    """The profilers that a page shows; none for a page that is about something else."""
    return [name for name, profiler in PROFILERS.items() if profiler.page == page]
