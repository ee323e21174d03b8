import re

import pytest

from batchscope.inputs.texts import vocabulary
from batchscope.inputs.texts.generate import generate_reviews

CAST = {"title", "lead", "costar", "director", "hero"}
SENSES = {"adj", "anti", "noun"}
COMMON = {
    *("part", "part_is", "part_was", "trait", "scene", "deed", "era"),
    *("genre", "job", "relative", "place", "first_name", "last_name"),
}
LISTS = {name: items for name, items in vars(vocabulary).items() if name.isupper()}


@pytest.mark.parametrize("name", LISTS)
def test_items_are_distinct_and_clean(name: str) -> None:
    items = LISTS[name]
    assert len(items) > 1
    assert len(set(items)) == len(items)
    assert all(item == " ".join(item.split()) and item.isascii() for item in items)


@pytest.mark.parametrize("name", LISTS)
def test_sentences_ask_only_for_words_that_there_are(name: str) -> None:
    asked = {slot for item in LISTS[name] for slot in re.findall(r"\{(.*?)\}", item)}
    assert asked <= CAST | SENSES | COMMON
    assert all(item.count("{") == item.count("}") for item in LISTS[name])


def test_the_two_senses_share_no_word() -> None:
    for kind in ("ADJECTIVES", "NOUNS", "SENTENCES"):
        assert not set(LISTS[f"POSITIVE_{kind}"]) & set(LISTS[f"NEGATIVE_{kind}"])


def test_every_adjective_comes_up() -> None:
    texts = " ".join(review.content for review in generate_reviews(600, seed=1)).lower()
    assert [
        word for word in LISTS["POSITIVE_ADJECTIVES"] + LISTS["NEGATIVE_ADJECTIVES"] if word not in texts
    ] == []
