"""The registry of prompt layouts: what a name, an entry and a wording bring."""

from typing import get_args

import pytest
from pydantic import Field, ValidationError

from batchscope.config.layouts import LAYOUTS, Layout, LayoutName
from batchscope.config.prompts import PromptTexts
from batchscope.config.workload import Workload
from batchscope.inputs.prompts import group, render, wording_of
from batchscope.inputs.texts.reviews import Review
from batchscope.studies.run import PromptSet

REVIEWS = list(
    enumerate([Review("Good.", "positive"), Review("Bad.", "negative"), Review("Fine.", "positive")])
)


class MoreTexts(PromptTexts):
    """The wording with that of one more layout."""

    listed: str = Field("{reviews}! Last.", description="-")
    listed_first: str = Field("First: {reviews}!", description="-")


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
    mark = LAYOUTS["listed"].placeholder
    texts = MoreTexts(listed=f"{mark}! Last.", listed_first=f"First: {mark}!")
    n = LAYOUTS["listed"].reviews_in_prompt(2)
    assert PromptSet("m", "listed", n, 3, 1).id == name
    assert render(group(REVIEWS, n)[0], wording_of(texts, "listed")) == text
    assert texts.around("listed", "first") == ("First: ", "!")
    assert texts.keys_used("listed", "first") == {"listed_first"} | ({"separator"} if packs else set())


def test_the_wording_of_every_layout_is_checked(monkeypatch):
    monkeypatch.setitem(LAYOUTS, "listed", Layout("one more", packs=True))
    with pytest.raises(ValidationError, match=r"'listed_first' must hold \{reviews\} exactly once"):
        MoreTexts(listed_first="no place for them")
