"""The block ``gemm``: matrix products on their own, dense and 2:4."""

from pydantic import Field, PositiveFloat, PositiveInt

from batchscope.config.base_block import Block, Name


class Gemm(Block):
    """Which matrix products are timed on their own, outside any engine, and how."""

    models: list[Name] = Field(
        default_factory=list,
        description="models whose linear layers are multiplied with tokens, by dense and 2:4 kernels; [] for "
        "none",
    )
    environment: Name | None = Field(
        None, description="the engine environment with the kernels; null: that of 'engine'"
    )
    tokens: list[PositiveInt] = Field(
        default_factory=lambda: [512, 1024, 2048, 4096, 8192, 16384, 32768],
        min_length=1,
        description="rows that are multiplied at once: tokens of an engine step",
    )
    repeats: PositiveInt = Field(20, ge=2, description="rounds; in each, every kernel is timed once, in turn")
    sample_s: PositiveFloat = Field(
        0.01, description="seconds that one timing lasts at least; short products are repeated until then"
    )
    timeout_s: PositiveInt = Field(900, description="seconds until a model's products are given up")
