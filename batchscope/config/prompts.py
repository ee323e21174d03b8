"""The block ``prompts``: the wording."""

from pydantic import Field, model_validator

from batchscope.config.block import Block


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
        for key in ("packed", "separate", "packed_first", "separate_first"):
            mark = _placeholder(key)
            if (found := getattr(self, key).count(mark)) != 1:
                raise ValueError(f"'{key}' must hold {mark} exactly once; it stands there {found} times")
        return self

    def around(self, layout: str, instruction: str) -> tuple[str, str]:
        """What stands before and after the reviews of a prompt whose instruction is ``last`` or ``first``."""
        key = layout if instruction == "last" else f"{layout}_first"
        before, after = getattr(self, key).split(_placeholder(key))
        return before, after


def _placeholder(key: str) -> str:
    return "{reviews}" if key.startswith("packed") else "{review}"
