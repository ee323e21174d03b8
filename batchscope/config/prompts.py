"""The block ``prompts``: prompt layouts, one registry, their wording, and the chat template around it.

To add a layout, add its name and its entry to `LAYOUTS`, and its wording to `PromptTexts`: with the
instruction last, and as ``<layout>_first`` with it first. Where a wording is null, it is made from the task
(`batchscope.inputs.wording`). Whatever the layout, a prompt asks for one label for each text in it.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from batchscope.config.base_block import Block

LayoutName = Literal["packed", "separate"]
AnswerForm = Literal["free", "labels", "codes", "json"]
"""How the model is asked to answer; ``free`` and ``labels`` ask in the same words."""
CutName = Literal["head", "tail", "both"]
"""What is kept of a text that is too long."""


@dataclass(frozen=True)
class Layout:
    """How texts are put into prompts."""

    description: str
    packs: bool
    """whether a prompt holds n texts, with a separator between two; else it holds one"""

    @property
    def placeholders(self) -> tuple[str, str]:
        """Where the texts go in its wording: the mark, and the older one that means the same."""
        return ("{texts}", "{reviews}") if self.packs else ("{text}", "{review}")

    def texts_in_prompt(self, n: int) -> int:
        """Texts in one prompt of a workload with this ``n``."""
        return n if self.packs else 1


LAYOUTS: dict[LayoutName, Layout] = {
    "packed": Layout("n texts in one prompt", packs=True),
    "separate": Layout("one text a prompt", packs=False),
}


def _switch(value: Any) -> Any:
    """YAML reads a bare ``off`` as false, and ``on`` as true."""
    return {True: "auto", False: "off"}[value] if isinstance(value, bool) else value


Chat = Annotated[
    Literal["auto", "off"],
    BeforeValidator(_switch, json_schema_input_type=Literal["auto", "off"] | bool),
]


class PromptTexts(Block):
    """The wording of the prompts; what is null is made from the block 'task'."""

    packed: str | None = Field(
        None, description="one prompt of n texts; {texts} is where they go; null: made from 'task'"
    )
    separate: str | None = Field(
        None, description="one prompt of one text; {text} is where it goes; null: made from 'task'"
    )
    packed_first: str | None = Field(
        None, description="packed, where a workload has its instruction first; null: made from 'task'"
    )
    separate_first: str | None = Field(
        None, description="separate, where a workload has its instruction first; null: made from 'task'"
    )
    separator: str = Field("\n", description="what stands between two texts of a packed prompt")
    chat: Chat = Field(
        "auto",
        description="auto: each prompt is a message in the model's own chat template, where it has one; "
        "off: the prompt is the wording alone",
    )
    system: str | None = Field(None, description="the system message of a chat model")
    chat_template_kwargs: dict[str, Any] = Field(
        default_factory=dict,
        description="what else the chat template is told, such as enable_thinking: false",
    )

    @model_validator(mode="after")
    def _placeholder_stands_once(self) -> "PromptTexts":
        for instruction in ("last", "first"):
            for name, layout in LAYOUTS.items():
                key = _key(name, instruction)
                if (wording := getattr(self, key)) is not None:
                    _check_place(key, wording, layout)
        return self

    def around(self, layout: LayoutName, instruction: str) -> tuple[str, str] | None:
        """What stands before and after the texts of a prompt whose instruction is ``last`` or ``first``.

        None where no wording is given: then it is made from the task.
        """
        wording = getattr(self, _key(layout, instruction))
        if wording is None:
            return None
        (mark,) = (each for each in LAYOUTS[layout].placeholders if each in wording)
        before, after = wording.split(mark)
        return before, after

    def keys_used(self, layout: LayoutName, instruction: str) -> set[str]:
        """The keys of this block that such a prompt is made from; the others change nothing in it."""
        chat = {"chat", "system", "chat_template_kwargs"} if self.chat == "auto" else {"chat"}
        return {_key(layout, instruction), *(["separator"] if LAYOUTS[layout].packs else []), *chat}


def _key(layout: str, instruction: str) -> str:
    return layout if instruction == "last" else f"{layout}_first"


def _check_place(key: str, wording: str, layout: Layout) -> None:
    mark, older = layout.placeholders
    if (found := wording.count(mark) + wording.count(older)) != 1:
        raise ValueError(f"'{key}' must hold {mark} exactly once; it stands there {found} times")
