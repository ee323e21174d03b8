"""The block ``workload``: which prompts a run submits."""

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from batchscope.config.base_block import Block
from batchscope.config.prompts import LAYOUTS, LayoutName


class Workload(Block):
    """Which prompts a run submits."""

    layout: LayoutName = Field(
        "packed", description="; ".join(f"{name}: {layout.description}" for name, layout in LAYOUTS.items())
    )
    n: PositiveInt = Field(4, description="reviews in one packed prompt")
    reviews: PositiveInt | None = Field(None, description="reviews in all, from the first on; null means n")
    duplicates: PositiveInt = Field(1, description="how often every prompt is submitted in one pass")
    reuse: Literal["none", "text", "full"] = Field(
        "none",
        description="what the prefix cache may serve. none: nothing; text: the reviews that duplicates "
        "share; full: whatever prompts share",
    )
    instruction: Literal["last", "first"] = Field(
        "last", description="whether the instruction stands after the reviews, as published, or before them"
    )
    output_tokens_per_review: PositiveInt = Field(1, description="tokens decoded for each review")
    decoding: Literal["free", "labels"] = Field(
        "free", description="free: any token, as published; labels: only tokens that stand for a label"
    )

    @property
    def total_reviews(self) -> int:
        """Reviews in one pass, duplicates not counted."""
        return self.reviews or self.n

    @model_validator(mode="after")
    def _fits_together(self) -> "Workload":
        packs = LAYOUTS[self.layout].packs
        if packs and self.n == 1:
            raise ValueError("n: a packed prompt holds at least 2 reviews; for n = 1 set layout: separate")
        if packs and self.total_reviews < self.n:
            raise ValueError(f"reviews: {self.reviews} is less than n: {self.n}; raise reviews or lower n")
        if self.reuse == "text" and self.instruction == "first":
            raise ValueError(
                "reuse: text needs instruction: last; a text behind an instruction that differs is never "
                "found in a prefix cache"
            )
        return self
