"""The block ``profile``: the profilers that there are, one registry, and which runs are looked into.

To add a profiler, add its name and its entry to `PROFILERS`, and write its module in
``batchscope/profiling``, which has:

- ``capture(job)``: run the engine under it, see `batchscope.profiling.capture.CaptureJob`;
- ``KEPT``: ``window.json`` for a profile of time, ``memory.json`` for one of memory;
- ``parse(folder)``, for memory ``parse(folder, device)``: read what it wrote.

One that works inside the engine's process has a second module, in ``batchscope/worker/profiling``.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveInt, WithJsonSchema

from batchscope.config.base_block import LONGEST_TIME_S, Block

RUN_ID = r"^[^/]+/[^/]+$"


def _study_and_run(name: str) -> str:
    if not re.fullmatch(RUN_ID, name):
        raise ValueError(f"'{name}' names no run; write it as study/run, such as saturation/packed-n4")
    return name


RunId = Annotated[str, AfterValidator(_study_and_run), WithJsonSchema({"type": "string", "pattern": RUN_ID})]


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


class Profile(Block):
    """Which runs `snakemake profile` looks into, and with what; no profiled pass is in a table of timings."""

    runs: list[RunId] | None = Field(
        None,
        description="study/run, such as saturation/packed-n4; null: saturation/packed-n4 and "
        "saturation/separate-n1, those that there are",
    )
    profilers: list[ProfilerName] = Field(
        ["torch"],
        min_length=1,
        description=", ".join(f"{name} ({profiler.description})" for name, profiler in PROFILERS.items())
        + "; any of them",
    )
    steps: PositiveInt = Field(4, le=100, description="engine steps looked into")
    at: float = Field(
        0.5,
        ge=0,
        le=1,
        description="where in a pass they lie, as a share of the time that the cost model predicts for it; "
        "the last steps decode only",
    )
    timeout_s: PositiveInt = Field(
        300, le=LONGEST_TIME_S, description="a capture that takes longer is stopped"
    )
