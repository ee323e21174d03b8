"""The block ``prompts``: prompt layouts, one registry, and the wording of each.

To add a layout, add its name and its entry to `LAYOUTS`, and its wording to `PromptTexts`: with the
instruction last, and as ``<layout>_first`` with it first. Whatever the layout, a prompt asks for
``output_tokens_per_review`` tokens for each review in it.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from batchscope.config.base_block import Block

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


class PromptTexts(Block):
    """The wording of the prompts; the defaults are the published study's, its spelling included."""

    packed: str = Field(
        "{reviews}\n For each line of the above comments, determine whether it is a positive or negative "
        "comment. Answer only postive or negative:\n",
        description="one prompt of n reviews; {reviews} is where they go",
    )
    separate: str = Field(
        "{review}\n For the above comment, determine whether it is a positive or negative comment. "
        "Answer only postive or negative:\n",
        description="one prompt of one review; {review} is where it goes",
    )
    packed_first: str = Field(
        "For each line of the below comments, determine whether it is a positive or negative comment. "
        "Answer only postive or negative:\n{reviews}\n",
        description="packed, where a workload has its instruction first",
    )
    separate_first: str = Field(
        "For the below comment, determine whether it is a positive or negative comment. "
        "Answer only postive or negative:\n{review}\n",
        description="separate, where a workload has its instruction first",
    )
    separator: str = Field("\n", description="what stands between two reviews of a packed prompt")

    @model_validator(mode="after")
    def _placeholder_stands_once(self) -> "PromptTexts":
        for instruction in ("last", "first"):
            for name, layout in LAYOUTS.items():
                key, mark = _key(name, instruction), layout.placeholder
                if (found := getattr(self, key).count(mark)) != 1:
                    raise ValueError(f"'{key}' must hold {mark} exactly once; it stands there {found} times")
        return self

    def around(self, layout: LayoutName, instruction: str) -> tuple[str, str]:
        """What stands before and after the reviews of a prompt whose instruction is ``last`` or ``first``."""
        before, after = getattr(self, _key(layout, instruction)).split(LAYOUTS[layout].placeholder)
        return before, after

    def keys_used(self, layout: LayoutName, instruction: str) -> set[str]:
        """The keys of this block that such a prompt is made from; the others change nothing in it."""
        return {_key(layout, instruction), *(["separator"] if LAYOUTS[layout].packs else [])}


def _key(layout: str, instruction: str) -> str:
    return layout if instruction == "last" else f"{layout}_first"
