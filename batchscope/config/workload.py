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
    n: PositiveInt = Field(4, le=100_000, description="texts in one packed prompt")
    texts: PositiveInt | None = Field(
        None, le=MOST_TEXTS, description="texts in all, from the first on; null means n"
    )
    fit: bool = Field(
        False,
        description="true: 'texts' is the most that a run takes, and a run that n or the context leaves no "
        "room for is left out, and shown with the reason; false: both are errors",
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
        description="what the prefix cache may serve. none: nothing; text: the texts that duplicates "
        "share; full: whatever prompts share",
    )
    instruction: Literal["last", "first"] = Field(
        "last", description="whether the instruction stands after the texts, as published, or before them"
    )
    output_tokens_per_text: PositiveInt | None = Field(
        1,
        le=100_000,
        description="tokens decoded for each text of a free answer, no more and no less; null: until the "
        "model ends it, at most as many as the longest labels need. Other answers have the length they need",
    )
    answer: AnswerForm = Field(
        "free",
        description="how the model may answer. free: any token, as published; labels: nothing but labels; "
        "codes: a letter or number for each label; json: an object with a label for each text",
    )
    numbered: bool = Field(
        False, description="whether the texts of a packed prompt, and the lines of its answer, are numbered"
    )
    confidence: bool = Field(
        False,
        description="record how probable each text's label was: among all labels where each label, or its "
        "code, is one token; else the probability of the answer's own tokens",
    )

    @property
    def total_texts(self) -> int:
        """Texts in one pass, duplicates not counted."""
        return self.texts or self.n

    def texts_in_prompt(self, prompt: int) -> int:
        """How many texts the prompt of this id holds: n, and the last of a pass what remains."""
        n = LAYOUTS[self.layout].texts_in_prompt(self.n)
        place = prompt % -(-self.total_texts // n)
        return min(n, self.total_texts - place * n)

    @property
    def needs_labels(self) -> bool:
        """Whether the task's labels decide what the engine is asked for, beside its prompts."""
        return self.answer != "free" or self.output_tokens_per_text is None or self.confidence

    @property
    def planned_tokens_per_text(self) -> int:
        """Tokens decoded for each text, as far as that is known without the model's tokenizer."""
        return self.output_tokens_per_text if self.answer == "free" and self.output_tokens_per_text else 1

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
            raise ValueError("n: a packed prompt holds at least 2 texts; for n = 1 set layout: separate")
        if packs and self.total_texts < self.n:
            raise ValueError(f"texts: {self.texts} is less than n: {self.n}; raise texts or lower n")
        if (texts := self.total_texts * self.duplicates) > MOST_TEXTS:
            raise ValueError(
                f"duplicates: {self.duplicates} times {self.total_texts} texts are {texts:,} texts "
                f"in one pass, and "
                f"{MOST_TEXTS:,} is the most; lower one of the two"
            )
        if self.permuted and (self.duplicates == 1 or self.reuse != "none"):
            raise ValueError(
                "permuted: needs duplicates above 1, one for each order, and reuse: none; set both or drop it"
            )
        if packs and self.numbered and self.answer == "free" and self.output_tokens_per_text == 1:
            raise ValueError(
                "numbered: a line such as '1. label' needs more than the one token that a free answer has "
                "for each text; set output_tokens_per_text: null, or another answer"
            )
        if self.reuse == "text" and self.instruction == "first":
            raise ValueError(
                "reuse: text needs instruction: last; a text behind an instruction that differs is never "
                "found in a prefix cache"
            )
        return self
