"""The block ``task``: what the texts are labelled with, and what the model is told about it."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator, model_validator

from batchscope.config.base_block import Block

MOST_LABELS = 1000
"""More labels than this are a mistake: a column of texts taken for a column of labels."""


class LabelSpec(Block):
    """One label: its name is what tables show, and what the model is asked to answer."""

    name: str = Field(min_length=1, description="the label, as the data's gold labels have it")
    spellings: list[str] = Field(
        default_factory=list,
        description="other words that mean it, in gold labels and in answers; case does not count",
    )
    description: str | None = Field(None, description="what it means; shown to the model")

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        if name != name.strip() or len(name.splitlines()) != 1:
            raise ValueError("a label is one line without spaces around it")
        return name

    @property
    def words(self) -> tuple[str, ...]:
        """All that means this label: its name first, then its other spellings."""
        return (self.name, *self.spellings)


class Example(Block):
    """A text and its label, shown to the model before the texts that it labels."""

    text: str = Field(min_length=1, description="the text")
    label: str = Field(description="its label: one of 'labels'")


def _named(value: Any) -> Any:
    """``billing`` is short for ``{name: billing}``; YAML reads bare numbers and yes/no as no text."""
    if isinstance(value, bool):
        return {"name": "yes" if value else "no"}
    return {"name": str(value)} if isinstance(value, str | int | float) else value


Label = Annotated[
    LabelSpec, BeforeValidator(_named, json_schema_input_type=str | int | float | bool | LabelSpec)
]


def _two_labels() -> list[LabelSpec]:
    return [LabelSpec(name="positive"), LabelSpec(name="negative")]


class Task(Block):
    """What the texts are labelled with. Labels are a list, so that an overlay's replace these as a whole."""

    labels: list[Label] = Field(
        default_factory=_two_labels,
        min_length=2,
        max_length=MOST_LABELS,
        description="the labels: names, or {name, spellings, description} where a label has more to say",
    )
    instruction: str | None = Field(
        None, description="what to decide, such as 'Which team handles this ticket?'; null: a plain sentence"
    )
    examples: list[Example] = Field(
        default_factory=list, description="texts with their labels, shown to the model (few-shot)"
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The labels' names, in order."""
        return tuple(label.name for label in self.labels)

    @model_validator(mode="after")
    def _labels_can_be_told_apart(self) -> "Task":
        owner: dict[str, str] = {}
        for label in self.labels:
            for word in label.words:
                other = owner.setdefault(_key(word), label.name)
                if other != label.name:
                    raise ValueError(
                        f"labels: '{word}' means both '{other}' and '{label.name}' (case does not count); "
                        "drop one of the two"
                    )
        if twice := _repeated(self.names):
            raise ValueError(f"labels: '{twice}' stands there twice; drop one")
        for example in self.examples:
            if self.label_of(example.label) is None:
                raise ValueError(
                    f"examples: there is no label '{example.label}'; the labels are {', '.join(self.names)}"
                )
        return self

    def label_of(self, word: str) -> str | None:
        """The name of the label that a gold label or a whole answer spells; None for any other word."""
        wanted = _key(word)
        return next(
            (label.name for label in self.labels if wanted in {_key(each) for each in label.words}), None
        )


def _key(word: str) -> str:
    """A word as labels are compared: without case and without spaces around it."""
    return word.strip().casefold()


def _repeated(names: Sequence[str]) -> str | None:
    return next((name for number, name in enumerate(names) if name in names[:number]), None)
