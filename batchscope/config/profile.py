"""The block ``profile``: which runs are looked into, and with what."""

from typing import Annotated

from pydantic import Field, PositiveInt

from batchscope.config.block import Block
from batchscope.config.profilers import PROFILERS, ProfilerName

RunId = Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")]


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
    timeout_s: PositiveInt = Field(300, description="a capture that takes longer is stopped")
