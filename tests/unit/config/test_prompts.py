"""Prompt layouts and their wording."""

from typing import get_args

import pytest
import yaml
from pydantic import Field, ValidationError
from snakemake.utils import update_config
from support.project import ROOT

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.prompts import LAYOUTS, Layout, LayoutName, PromptTexts
from batchscope.config.workload import Workload
from batchscope.inputs.prompts import group
from batchscope.inputs.texts.source_text import SourceText
from batchscope.inputs.wording import render, wording_of
from batchscope.studies.run import PromptSet


@pytest.mark.parametrize(
    ("key", "layout", "instruction"),
    [
        ("packed", "packed", "last"),
        ("separate", "separate", "last"),
        ("packed_first", "packed", "first"),
        ("separate_first", "separate", "first"),
    ],
)
@pytest.mark.parametrize("older", [False, True])
def test_the_words_around_the_texts(key: str, layout: str, instruction: str, older: bool) -> None:
    mark = LAYOUTS[layout].placeholders[older]
    texts = PromptTexts(**{key: f"before {mark} after"})
    assert texts.around(layout, instruction) == ("before ", " after")
    assert PromptTexts().around(layout, instruction) is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"packed": "Label these"}, r"'packed' must hold \{texts\} exactly once; it stands there 0 times"),
        (
            {"separate": "{text} {review}"},
            r"'separate' must hold \{text\} exactly once; it stands there 2 times",
        ),
        ({"packed_first": "{review}"}, r"'packed_first' must hold \{texts\} exactly once"),
        ({"chat": "on"}, r"prompts.chat: Input should be 'auto' or 'off'"),
        (
            {"chat_template_kwargs": "no thinking"},
            r"prompts.chat_template_kwargs: must be keys with values",
        ),
    ],
)
def test_a_wrong_wording_is_refused(values: dict[str, str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_config({"prompts": values})


def test_yaml_writes_off_without_quotes() -> None:
    chat = {
        text: load_config({"prompts": yaml.safe_load(text)}).prompts.chat
        for text in ("chat: off", "chat: on")
    }
    assert chat == {"chat: off": "off", "chat: on": "auto"}


def test_a_prompt_depends_on_no_more_of_the_block_than_it_uses() -> None:
    assert PromptTexts(chat="off").keys_used("separate", "last") == {"separate", "chat"}
    assert PromptTexts().keys_used("packed", "first") == {
        "packed_first", "separator", "chat", "system", "chat_template_kwargs",
    }  # fmt: skip


TEXTS = list(
    enumerate(
        [SourceText("Good.", "positive"), SourceText("Bad.", "negative"), SourceText("Fine.", "positive")]
    )
)


class MoreTexts(PromptTexts):
    """The wording with that of one more layout."""

    listed: str = Field("{texts}! Last.", description="-")
    listed_first: str = Field("First: {texts}!", description="-")


def test_each_layout_has_a_name_an_entry_a_description_and_its_wording():
    assert list(get_args(LayoutName)) == list(LAYOUTS)
    description = Workload.model_fields["layout"].description
    assert all(f"{name}: {layout.description}" in description for name, layout in LAYOUTS.items())
    assert {key for name in LAYOUTS for key in (name, f"{name}_first")} <= set(PromptTexts.model_fields)


@pytest.mark.parametrize(
    ("packs", "name", "text"),
    [(True, "m-listed-n2-r3", "Good.\nBad.! Last."), (False, "m-listed-r3", "Good.! Last.")],
)
def test_one_entry_and_its_wording_bring_a_layout(monkeypatch, packs, name, text):
    monkeypatch.setitem(LAYOUTS, "listed", Layout("one more", packs=packs))
    mark = LAYOUTS["listed"].placeholders[0]
    texts = MoreTexts(listed=f"{mark}! Last.", listed_first=f"First: {mark}!")
    n = LAYOUTS["listed"].texts_in_prompt(2)
    assert PromptSet("m", "listed", n, 3, 1).id == name
    assert render(group(TEXTS, n)[0], wording_of(texts, "listed")) == text
    assert texts.around("listed", "first") == ("First: ", "!")
    assert texts.keys_used("listed", "first") >= {"listed_first"} | ({"separator"} if packs else set())


def test_the_wording_of_every_layout_is_checked(monkeypatch):
    monkeypatch.setitem(LAYOUTS, "listed", Layout("one more", packs=True))
    with pytest.raises(ValidationError, match=r"'listed_first' must hold \{texts\} exactly once"):
        MoreTexts(listed_first="no place for them")


@pytest.mark.parametrize("below", ["my-texts", "smollm2"])
def test_tickets_are_asked_their_own_question_whatever_configuration_lies_below(below: str) -> None:
    values: dict[str, object] = {}
    for name in (below, "tickets"):
        update_config(values, yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text()))
    config = load_config(values)
    wording = wording_of(config.prompts, "separate", task=config.task)
    assert "Which team handles this ticket?" in render(group(TEXTS, 1)[0], wording)
