"""The block ``verdict``: what a setting must keep to be recommended for its speed."""

from pydantic import Field

from batchscope.config.base_block import Block


class Verdict(Block):
    """Which settings count when the fastest is looked for."""

    margin: float = Field(
        1,
        ge=0,
        le=100,
        description="points of accuracy (without gold labels: of agreement) that a setting must surely not "
        "lose against the reference run",
    )
    coverage: float = Field(
        99, ge=0, le=100, description="percent of texts that must have a label for anything to be said of it"
    )
    price_per_gpu_hour: float | None = Field(
        None, ge=0, description="what a GPU costs for an hour, in any currency; null: hours alone are told"
    )
