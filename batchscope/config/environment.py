"""An entry of the block ``environments``."""

from typing import Literal

from pydantic import Field

from batchscope.config.block import Block


class Environment(Block):
    """An engine environment: the Python that holds vLLM, and the device that it drives."""

    python: str = Field(
        min_length=1, description="its interpreter; 'workflow' is the Python that runs Snakemake"
    )
    device: Literal["cpu", "cuda"] = Field(description="cpu or cuda")
