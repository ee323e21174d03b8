"""From the words of the user's data to the task's labels, or a message that can be pasted."""

import re
from typing import Any

import pytest
import yaml

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.task import Task
from batchscope.inputs.texts.gold import with_gold, words_of
from batchscope.inputs.texts.source_text import Loaded, SourceText


def loaded(*labels: str | None) -> Loaded:
    texts = [
        SourceText(f"text {row}", label, str(row), "my.csv", row, row + 1)
        for row, label in enumerate(labels, start=1)
    ]
    return Loaded(texts, "as in the file", {}, "dataset.file.label_column")


def task(*labels: Any) -> Task:
    return Task.model_validate({"labels": list(labels)})


def refusal(data: Loaded, wanted: Task) -> str:
    with pytest.raises(UserError) as refused:
        with_gold(data, wanted)
    return str(refused.value)


def pasted(message: str) -> dict[str, Any]:
    """The overlay that the message shows, as YAML reads it."""
    line = next(line for line in message.splitlines() if line.strip().startswith("task:"))
    return yaml.safe_load(line)


@pytest.mark.parametrize(
    ("wanted", "found", "names"),
    [
        (
            task("positive", "negative"),
            ["POSITIVE", " Negative ", "positive"],
            ["positive", "negative", "positive"],
        ),
        (task("positive", "negative"), ["positive", None, "negative"], ["positive", None, "negative"]),
        (task("positive", "negative"), [None, None], [None, None]),
        (
            task({"name": "good", "spellings": ["1", "pos"]}, {"name": "bad", "spellings": ["0", "NEG"]}),
            ["1", "0", "Pos", "neg", "Good"],
            ["good", "bad", "good", "bad", "good"],
        ),
        (task("Straße", "Gasse"), ["STRASSE", "gasse"], ["Straße", "Gasse"]),
        (task("正面", "负面"), ["负面", "正面"], ["负面", "正面"]),
    ],
)
def test_gold_labels_get_the_names_of_the_task(wanted, found, names) -> None:
    texts = with_gold(loaded(*found), wanted)
    assert [text.label for text in texts] == names
    assert [text.row for text in texts] == list(range(1, len(found) + 1)), "all else stays"


@pytest.mark.parametrize(
    ("found", "labels"),
    [
        (["billing", "delivery", "billing"], ["billing", "delivery"]),
        (["1", "0", "1"], ["0", "1"]),
        (["10", "9", "-1", "n/a"], ["-1", "9", "10", "n/a"]),
        (["yes", "no"], ["no", "yes"]),
        (["true", "false"], ["false", "true"]),
        (["it's", "a: b", "#x", "[y]", "late, lost"], ["#x", "[y]", "a: b", "it's", "late, lost"]),
        (["положительный", "负面", "😀"], ["положительный", "负面", "😀"]),
        (["positive", "negative", "neutral"], ["positive", "negative", "neutral"]),
        (["positive", "mixed"], ["positive", "mixed"]),
        (["Spam", "spam", "SPAM", "Spam", "ham"], ["ham", "Spam"]),
    ],
)
def test_what_the_message_shows_can_be_pasted(found: list[str], labels: list[str]) -> None:
    data = loaded(*found)
    overlay = pasted(refusal(data, Task()))
    wanted = load_config(overlay).task
    assert list(wanted.names) == labels
    assert {text.label for text in with_gold(data, wanted)} == set(labels)


def test_hundreds_of_labels_can_be_pasted() -> None:
    labels = [f"intent {number}" for number in range(300)] * 3
    wanted = load_config(pasted(refusal(loaded(*labels), Task()))).task
    assert set(wanted.names) == set(labels)


def test_the_users_own_labels_stay_in_what_is_pasted() -> None:
    own = task({"name": "good", "spellings": ["pos"], "description": "praise: any"}, "bad")
    message = refusal(loaded("pos", "bad", "meh", "meh"), own)
    entries = pasted(message)["task"]["labels"]
    assert entries == [{"name": "good", "spellings": ["pos"], "description": "praise: any"}, "bad", "meh"]
    assert "none of good, bad" in message


def test_labels_are_counted_and_the_first_one_is_placed() -> None:
    message = refusal(loaded("positive", "meh", "meh", "so so"), Task())
    assert '2 x "meh", 1 x "so so"' in message
    assert "'meh' first in row 2 (line 3) of my.csv" in message
    assert message.startswith("task.labels: ")
    assert "set dataset.file.label_column, null where there are none" in message


@pytest.mark.parametrize(
    ("wanted", "found", "names"),
    [
        (Task(), ["pos", "neg", "pos"], ["positive", "negative", "positive"]),
        (Task(), ["NEG", "Pos"], ["negative", "positive"]),
        (Task(), ["0", "1", "1"], ["negative", "positive", "positive"]),
        (Task(), ["-1", "1"], ["negative", "positive"]),
        (task("billing", "delivery", "technical"), ["b", "d", "t"], ["billing", "delivery", "technical"]),
        (task({"name": "late", "spellings": ["slow"]}, "lost"), ["la", "lo"], ["late", "lost"]),
    ],
)
def test_other_words_for_the_tasks_labels_can_be_pasted_as_spellings(wanted, found, names) -> None:
    message = refusal(loaded(*found), wanted)
    overlay = yaml.safe_load(message.partition("other words for the task's labels:\n")[2].splitlines()[0])
    pasted = load_config(overlay).task
    assert pasted.names == wanted.names
    assert all(
        set(old.words) <= set(new.words) for old, new in zip(wanted.labels, pasted.labels, strict=True)
    )
    assert [text.label for text in with_gold(loaded(*found), pasted)] == names


@pytest.mark.parametrize(
    "found", [["meh"], ["pos", "neutral"], ["1", "2", "3"], ["p", "po"], ["good", "bad"]]
)
def test_what_cannot_be_guessed_gets_an_example(found: list[str]) -> None:
    message = refusal(loaded(*found), Task())
    offered = re.search(r"write it as its spelling: (\[.*\])", message)
    assert offered
    assert yaml.safe_load(offered[1])[0] == {"name": "positive", "spellings": found[:1]}


def test_a_single_label_needs_others() -> None:
    message = refusal(loaded("spam", "spam"), Task())
    assert "task's other labels beside it" in message


@pytest.mark.parametrize(
    "labels", [[f"text {number}" for number in range(500)], ["one line\nand another", "b"], ["a\rb"]]
)
def test_a_column_of_texts_is_not_offered_as_labels(labels: list[str]) -> None:
    message = refusal(loaded(*labels), Task())
    assert "task: {" not in message
    assert "set dataset.file.label_column" in message
    assert len(message) < 3000


def test_data_that_cannot_have_another_column_says_so() -> None:
    message = refusal(Loaded([SourceText("fine", "positive", "0")], "as generated", {}), task("good", "bad"))
    assert "label_column" not in message
    assert "first in text 0" in message


def test_words_are_compared_without_case() -> None:
    assert words_of(task({"name": "Good ".strip(), "spellings": [" POS"]}, "BAD")) == {"good", "pos", "bad"}
