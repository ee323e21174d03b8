"""What a prompt says around its texts: as the configuration words it, or made from the task.

A made wording has these parts, each a paragraph: examples (if the task has any), the texts, and the
instruction: what to decide, the labels, and how to answer. With the instruction first it comes before all
others. A prompt that is no message of a chat ends with a cue, such as ``Label:``, for the model to go on.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from batchscope.config.prompts import LAYOUTS, AnswerForm, LayoutName, PromptTexts
from batchscope.config.task import Task
from batchscope.inputs.label_codes import codes_of, kind_of_code
from batchscope.studies.run import PromptSet

TEXT, NUMBER = "Text: ", "{number}. "


class Text(Protocol):
    """Something that has a text."""

    @property
    def content(self) -> str:
        """What the model is shown."""
        ...


@dataclass(frozen=True)
class Wording:
    """What stands around the texts of a prompt, between them, and before each."""

    before: str
    after: str
    separator: str
    heading: str = ""
    """before each text; ``{number}`` stands for its place in the prompt, from 1"""
    given: bool = False
    """whether the configuration words it, and means the control tokens in it"""


@dataclass(frozen=True)
class Shown:
    """A text as it is shown."""

    content: str


@dataclass(frozen=True)
class Asked:
    """What a made wording depends on beside the task."""

    packs: bool
    first: bool
    """whether the instruction stands before the texts"""
    answer: AnswerForm
    numbered: bool
    cue: bool
    """whether the prompt ends with the beginning of an answer"""


def wording_of(
    texts: PromptTexts,
    layout: LayoutName,
    instruction: str = "last",
    *,
    task: Task | None = None,
    answer: AnswerForm = "free",
    numbered: bool = False,
    chat: bool = False,
) -> Wording:
    """The wording of a layout with its instruction ``last`` or ``first``.

    A wording that the configuration gives is taken as it is; ``numbered`` numbers the texts in it. ``chat``:
    the prompt becomes a message of a chat, which needs no cue.
    """
    packs = LAYOUTS[layout].packs
    numbered = numbered and packs
    given = texts.around(layout, instruction)
    if given:
        return Wording(*given, texts.separator, NUMBER if numbered else "", given=True)
    asked = Asked(packs, instruction == "first", answer, numbered, cue=not chat)
    return made_wording(task or Task(), asked, texts.separator)


def wording_for(wanted: PromptSet, texts: PromptTexts, task: Task, *, chat: bool = False) -> Wording:
    """The wording of a prompt set."""
    return wording_of(
        texts, wanted.layout, wanted.instruction,
        task=task, answer=wanted.answer, numbered=wanted.numbered, chat=chat,
    )  # fmt: skip


def render(texts: Sequence[tuple[int, Text]], wording: Wording, mark: str = "") -> str:
    """The text of one prompt.

    ``mark`` stands where the instruction begins, behind the line breaks that end the texts: prompts that
    differ in it alone share their texts' tokens and no more.
    """
    shown = (
        wording.heading.replace("{number}", str(place)) + text.content
        for place, (_, text) in enumerate(texts, 1)
    )
    instruction = wording.after.lstrip("\n")
    breaks = wording.after.removesuffix(instruction)
    return wording.before + wording.separator.join(shown) + breaks + mark + instruction


def made_wording(task: Task, asked: Asked, separator: str) -> Wording:
    """The wording that a task gives."""
    instruction, examples, cue = _instruction(task, asked), _examples(task, asked, separator), _cue(asked)
    heading = NUMBER if asked.numbered else TEXT
    if asked.first:
        before = "\n\n".join([instruction, *examples, ""])
        # Where packed texts end and an answer of several lines begins is easier to see behind an empty line.
        return Wording(before, ("\n\n" if asked.packs else "\n") + cue if cue else "", separator, heading)
    after = "\n\n" + "\n".join(filter(None, [instruction, cue]))
    return Wording("\n\n".join([*examples, ""]) if examples else "", after, separator, heading)


def _instruction(task: Task, asked: Asked) -> str:
    """What to decide, the labels, and how to answer."""
    where = "below" if asked.first else "above"
    labels = _labels(task, asked.answer)
    if task.instruction:
        decide = f"For each of the texts {where}: {task.instruction}" if asked.packs else task.instruction
        choose = f"{decide}\nAnswer with one of these labels:{labels}"
    else:
        what = f"each of the texts {where}" if asked.packs else f"the text {where}"
        choose = f"Label {what} with one of these labels:{labels}"
    return f"{choose}\n{_how_to_answer(task, asked)}"


def _labels(task: Task, answer: AnswerForm) -> str:
    """The labels on one line if their names say all, else one a line, from the next line on."""
    if answer != "codes" and not any(label.description or "," in label.name for label in task.labels):
        return f" {', '.join(task.names)}."
    codes = codes_of(task)
    lines = [""]
    for label in task.labels:
        start = f"{codes[label.name]}. " if answer == "codes" else "- "
        lines.append(start + label.name + (f": {label.description}" if label.description else ""))
    return "\n".join(lines)


def _how_to_answer(task: Task, asked: Asked) -> str:
    """The form of the answer.

    *One word* is what a small chat model follows best: SmolLM2-135M-Instruct put 30 to 40 % of its
    probability on the labels then, and 1 % where it was to answer with *the label and nothing else*.
    """
    what = kind_of_code(task) if asked.answer == "codes" else "label"
    if asked.answer == "json":
        if not asked.packs:
            return f"Answer with JSON and nothing else: {_json({'label': '...'})}"
        by, form = "number" if asked.numbered else "place", _json({"1": "...", "2": "..."})
        return f"Answer with JSON and nothing else, the label of each text by its {by}: {form}"
    if not asked.packs:
        words = what == "label" and all(name.isalpha() for name in task.names)
        return "Answer with one word." if words else f"Answer with one {what} and nothing else."
    if asked.numbered:
        return f"Answer with one line a text, its number and one {what}, and nothing else: 1. {what}"
    return f"Answer with one {what} a line, in the order of the texts, and nothing else."


def _examples(task: Task, asked: Asked, separator: str) -> list[str]:
    """Paragraphs with the task's examples and their answers, in the form that is asked for."""
    if not task.examples:
        return []
    texts, labels = [each.text for each in task.examples], [each.label for each in task.examples]
    names = [task.label_of(label) or label for label in labels]
    if asked.packs:
        heading = NUMBER if asked.numbered else TEXT
        shown = separator.join(
            heading.replace("{number}", str(place)) + text for place, text in enumerate(texts, 1)
        )
        return ["An example:", shown, f"Labels:\n{answer_of(names, task, asked)}", "Now these:"]
    pairs = [
        f"{TEXT}{text}\nLabel: {answer_of([name], task, asked)}"
        for text, name in zip(texts, names, strict=True)
    ]
    return ["Examples:", *pairs, "Now this:"]


def answer_of(names: Sequence[str], task: Task, asked: Asked) -> str:
    """The right answer to a prompt whose texts have these labels, in the form that the prompt asks for."""
    codes = codes_of(task)
    words = [codes[name] if asked.answer == "codes" else name for name in names]
    if asked.answer == "json":
        if not asked.packs:
            return _json({"label": words[0]})
        return _json({str(place): word for place, word in enumerate(words, 1)})
    if asked.numbered:
        words = [f"{place}. {word}" for place, word in enumerate(words, 1)]
    return "\n".join(words)


def _cue(asked: Asked) -> str:
    if not asked.cue:
        return ""
    return "Labels:\n" if asked.packs else "Label:"


def _json(value: Mapping[str, str]) -> str:
    return json.dumps(value, ensure_ascii=False)
