"""What prompts say around their texts: made from the task, or as the configuration words it."""

import pytest

from batchscope.config.prompts import PromptTexts
from batchscope.config.task import Task
from batchscope.inputs.wording import Shown, render, wording_of

TEXTS = [(0, Shown("Where is my {texts} bill?")), (1, Shown("It is broken.\n\nPlease help."))]
TICKETS = Task(
    instruction="Which team handles this ticket?",
    labels=["billing", {"name": "technical", "description": "something does not work"}, "other"],
    examples=[
        {"text": "You charged me twice", "label": "Billing"},
        {"text": "It crashes", "label": "technical"},
    ],
)
MANY = Task(labels=[f"intent_{number}" for number in range(77)])


def prompt(layout: str, instruction: str = "last", task: Task | None = None, **asked: object) -> str:
    wording = wording_of(PromptTexts(), layout, instruction, task=task, **asked)
    return render(TEXTS if layout == "packed" else TEXTS[:1], wording)


def test_the_default_task_needs_few_words() -> None:
    assert prompt("separate") == (
        "Text: Where is my {texts} bill?\n\nLabel the text above with one of these labels: "
        "positive, negative.\nAnswer with one word.\nLabel:"
    )
    assert prompt("packed") == (
        "Text: Where is my {texts} bill?\nText: It is broken.\n\nPlease help.\n\nLabel each of the texts above "
        "with one of these labels: positive, negative.\n"
        "Answer with one label a line, in the order of the texts, and nothing else.\nLabels:\n"
    )


def test_the_instruction_stands_first_where_asked() -> None:
    assert prompt("separate", "first") == (
        "Label the text below with one of these labels: positive, negative.\nAnswer with one word.\n\n"
        "Text: Where is my {texts} bill?\nLabel:"
    )
    packed = prompt("packed", "first", TICKETS)
    assert packed.startswith("For each of the texts below: Which team handles this ticket?\n")
    assert packed.endswith("Text: It is broken.\n\nPlease help.\n\nLabels:\n")


@pytest.mark.parametrize("instruction", ["last", "first"])
@pytest.mark.parametrize("layout", ["packed", "separate"])
@pytest.mark.parametrize("answer", ["free", "labels", "codes", "json"])
@pytest.mark.parametrize("numbered", [False, True])
def test_all_that_the_task_says_is_said(layout: str, instruction: str, answer: str, numbered: bool) -> None:
    text = prompt(layout, instruction, TICKETS, answer=answer, numbered=numbered)
    assert "Which team handles this ticket?" in text
    assert all(label in text for label in TICKETS.names)
    assert "something does not work" in text
    examples = text.index("You charged me twice"), text.index("It crashes"), text.index("Where is my")
    assert list(examples) == sorted(examples), "examples stand before the texts"


@pytest.mark.parametrize("task", [Task(), TICKETS, MANY])
def test_free_answers_and_restricted_ones_are_asked_for_in_the_same_words(task: Task) -> None:
    for layout in ("packed", "separate"):
        assert prompt(layout, task=task, answer="free") == prompt(layout, task=task, answer="labels")


@pytest.mark.parametrize(
    ("layout", "asked", "example"),
    [
        ("separate", {"answer": "labels"}, "Text: It crashes\nLabel: technical\n"),
        ("separate", {"answer": "codes"}, "Text: It crashes\nLabel: B\n"),
        ("separate", {"answer": "json"}, 'Text: It crashes\nLabel: {"label": "technical"}\n'),
        ("separate", {"numbered": True}, "Text: It crashes\nLabel: technical\n"),
        ("packed", {"answer": "labels"}, "Labels:\nbilling\ntechnical\n"),
        ("packed", {"answer": "codes"}, "Labels:\nA\nB\n"),
        ("packed", {"numbered": True}, "Labels:\n1. billing\n2. technical\n"),
        ("packed", {"answer": "codes", "numbered": True}, "Labels:\n1. A\n2. B\n"),
        ("packed", {"answer": "json"}, 'Labels:\n{"1": "billing", "2": "technical"}\n'),
    ],
)
def test_examples_are_answered_in_the_form_that_is_asked_for(layout: str, asked: dict, example: str) -> None:
    assert example in prompt(layout, task=TICKETS, **asked)


@pytest.mark.parametrize(
    ("layout", "asked", "sentence"),
    [
        ("separate", {"answer": "codes"}, "Answer with one letter and nothing else."),
        ("separate", {"answer": "json"}, 'Answer with JSON and nothing else: {"label": "..."}'),
        ("packed", {"answer": "codes"}, "Answer with one letter a line, in the order of the texts"),
        ("packed", {"answer": "json", "numbered": True}, "the label of each text by its number: "),
        ("packed", {"answer": "json"}, "the label of each text by its place: "),
        ("packed", {"numbered": True}, "Answer with one line a text, its number and one label, "),
    ],
)
def test_the_form_of_the_answer_is_said(layout: str, asked: dict, sentence: str) -> None:
    assert sentence in prompt(layout, task=TICKETS, **asked)


def test_codes_are_shown_with_their_labels() -> None:
    assert "A. billing\nB. technical: something does not work\nC. other\n" in prompt(
        "separate", task=TICKETS, answer="codes"
    )
    many = prompt("separate", task=MANY, answer="codes")
    assert "AA. intent_0\n" in many
    assert "EP. intent_76\n" in many
    assert "Answer with one code and nothing else." in many


def test_a_name_with_a_comma_stands_on_a_line_of_its_own() -> None:
    text = prompt("separate", task=Task(labels=["yes", "no", "yes, but"]))
    assert "these labels:\n- yes\n- no\n- yes, but\n" in text


def test_numbered_texts_have_their_numbers_before_them() -> None:
    text = prompt("packed", numbered=True)
    assert text.startswith("1. Where is my {texts} bill?\n2. It is broken.")
    given = wording_of(PromptTexts(packed="Label: {texts}!", separator=" | "), "packed", numbered=True)
    assert render(TEXTS, given) == "Label: 1. Where is my {texts} bill? | 2. It is broken.\n\nPlease help.!"


@pytest.mark.parametrize("layout", ["packed", "separate"])
@pytest.mark.parametrize("instruction", ["last", "first"])
def test_a_message_of_a_chat_ends_without_a_cue(layout: str, instruction: str) -> None:
    alone, message = (prompt(layout, instruction, chat=chat) for chat in (False, True))
    assert alone.rstrip("\n").endswith(("Label:", "Labels:"))
    assert alone.startswith(message)
    assert not message.rstrip().endswith(":")


@pytest.mark.parametrize("task", [Task(), TICKETS])
@pytest.mark.parametrize("layout", ["packed", "separate"])
def test_a_mark_stands_between_the_texts_and_the_instruction(layout: str, task: Task) -> None:
    wording = wording_of(PromptTexts(), layout, task=task)
    plain, marked = (render(TEXTS[:1], wording, mark) for mark in ("", "7"))
    before, after = plain.split("bill?\n\n")
    assert marked == f"{before}bill?\n\n7{after}"


def test_a_given_wording_is_used_as_it_is() -> None:
    texts = PromptTexts(packed="Label: {texts}!", separate="Label {text}?")
    assert (
        render(TEXTS[:1], wording_of(texts, "separate", task=TICKETS)) == "Label Where is my {texts} bill??"
    )
    assert wording_of(texts, "packed", task=TICKETS, answer="codes").given
    assert not wording_of(texts, "packed", "first").given, "that one is null"
