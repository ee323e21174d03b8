"""Prompt layouts: how many reviews a prompt holds; one registry.

To add one, add its name and its entry here, and its wording to `batchscope.config.prompts`. Whatever the
layout, a prompt asks for ``output_tokens_per_review`` tokens for each review in it.
"""

from dataclasses import dataclass
from typing import Literal

LayoutName = Literal["packed", "separate"]


@dataclass(frozen=True)
class Layout:
    """How reviews are put into prompts."""

    description: str
    packs: bool
    """whether a prompt holds n reviews, with a separator between two; else it holds one"""

    @property
    def placeholder(self) -> str:
        """Where the reviews go in its wording."""
        return "{reviews}" if self.packs else "{review}"

    def reviews_in_prompt(self, n: int) -> int:
        """Reviews in one prompt of a workload with this ``n``."""
        return n if self.packs else 1


LAYOUTS: dict[LayoutName, Layout] = {
    "packed": Layout("n reviews in one prompt", packs=True),
    "separate": Layout("one review a prompt", packs=False),
}
