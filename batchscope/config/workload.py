"""The block ``workload``: which prompts a run submits."""

from typing import Any, Literal

from pydantic import Field, PositiveInt, model_validator

from batchscope.config.base_block import Block
from batchscope.config.prompts import LAYOUTS, AnswerForm, CutName, LayoutName

MOST_TEXTS = 10_000_000
"""In one pass of a run: its prompts are written to files, and its requests are held in memory."""


class Workload(Block):
    """Which prompts a run submits."""

    layout: LayoutName = Field(
        "packed", description="; ".join(f"{name}: {layout.description}" for name, layout in LAYOUTS.items())
    )
    n: PositiveInt = Field(4, le=100_000, description="reviews in one packed prompt")
    reviews: PositiveInt | None = Field(
        None, le=MOST_TEXTS, description="reviews in all, from the first on; null means n"
    )
    text_tokens: PositiveInt | None = Field(
        None, le=10_000_000, description="cut longer texts to this many tokens; null: a text is never cut"
    )
    cut: CutName = Field(
        "head", description="what is kept of a text that is cut: its head, its tail, or both ends"
    )
    duplicates: PositiveInt = Field(
        1, le=10_000, description="how often every prompt is submitted in one pass"
    )
    permuted: bool = Field(
        False,
        description="whether duplicates hold the same texts in another order each, so that every text stands "
        "in several places",
    )
    reuse: Literal["none", "text", "full"] = Field(
        "none",
        description="what the prefix cache may serve. none: nothing; text: the reviews that duplicates "
        "share; full: whatever prompts share",
    )
    instruction: Literal["last", "first"] = Field(
        "last", description="whether the instruction stands after the reviews, as published, or before them"
    )
    output_tokens_per_review: PositiveInt | None = Field(
        1,
        le=100_000,
        description="tokens decoded for each review of a free answer, no more and no less; null: until the "
        "model ends it, at most as many as the longest labels need. Other answers have the length they need",
    )
    answer: AnswerForm = Field(
        "free",
        description="how the model may answer. free: any token, as published; labels: nothing but labels; "
        "codes: a letter or number for each label; json: an object with a label for each review",
    )
    numbered: bool = Field(
        False, description="whether the reviews of a packed prompt, and the lines of its answer, are numbered"
    )
    confidence: bool = Field(
        False,
        description="record how probable each label was, for each review; every label, or its code, must be "
        "one token",
    )

    @property
    def total_reviews(self) -> int:
        """Reviews in one pass, duplicates not counted."""
        return self.reviews or self.n

    def reviews_in_prompt(self, prompt: int) -> int:
        """How many reviews the prompt of this id holds: n, and the last of a pass what remains."""
        n = LAYOUTS[self.layout].reviews_in_prompt(self.n)
        place = prompt % -(-self.total_reviews // n)
        return min(n, self.total_reviews - place * n)

    @property
    def needs_labels(self) -> bool:
        """Whether the task's labels decide what the engine is asked for, beside its prompts."""
        return self.answer != "free" or self.output_tokens_per_review is None or self.confidence

    @property
    def planned_tokens_per_review(self) -> int:
        """Tokens decoded for each review, as far as that is known without the model's tokenizer."""
        return self.output_tokens_per_review if self.answer == "free" and self.output_tokens_per_review else 1

    @model_validator(mode="before")
    @classmethod
    def _named_as_before(cls, values: Any) -> Any:
        """``decoding`` was the name of ``answer``; a configuration that is merged has both."""
        if not isinstance(values, dict) or "decoding" not in values:
            return values
        others = {key: value for key, value in values.items() if key != "decoding"}
        if others.get("answer", "free") != "free":
            raise ValueError("decoding: this key is now 'answer', which is set too; drop 'decoding'")
        return {**others, "answer": values["decoding"]}

    @model_validator(mode="after")
    def _fits_together(self) -> "Workload":
        packs = LAYOUTS[self.layout].packs
        if packs and self.n == 1:
            raise ValueError("n: a packed prompt holds at least 2 reviews; for n = 1 set layout: separate")
        if packs and self.total_reviews < self.n:
            raise ValueError(f"reviews: {self.reviews} is less than n: {self.n}; raise reviews or lower n")
        if (texts := self.total_reviews * self.duplicates) > MOST_TEXTS:
            raise ValueError(
                f"duplicates: {self.duplicates} times {self.total_reviews} reviews are {texts:,} texts "
                f"in one pass, and "
                f"{MOST_TEXTS:,} is the most; lower one of the two"
            )
        if self.permuted and (self.duplicates == 1 or self.reuse != "none"):
            raise ValueError(
                "permuted: needs duplicates above 1, one for each order, and reuse: none; set both or drop it"
            )
        if packs and self.numbered and self.answer == "free" and self.output_tokens_per_review == 1:
            raise ValueError(
                "numbered: a line such as '1. label' needs more than the one token that a free answer has "
                "for each review; set output_tokens_per_review: null, or another answer"
            )
        if self.reuse == "text" and self.instruction == "first":
            raise ValueError(
                "reuse: text needs instruction: last; a text behind an instruction that differs is never "
                "found in a prefix cache"
            )
        return self
