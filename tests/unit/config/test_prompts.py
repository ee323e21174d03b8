"""The wording of the prompts."""

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.prompts import PromptTexts


@pytest.mark.parametrize(
    ("key", "layout", "instruction"),
    [
        ("packed", "packed", "last"),
        ("separate", "separate", "last"),
        ("packed_first", "packed", "first"),
        ("separate_first", "separate", "first"),
    ],
)
def test_the_words_around_the_reviews(key: str, layout: str, instruction: str) -> None:
    mark = "{reviews}" if layout == "packed" else "{review}"
    texts = PromptTexts(**{key: f"before {mark} after"})
    assert texts.around(layout, instruction) == ("before ", " after")
    assert "".join(PromptTexts().around(layout, instruction)) == getattr(PromptTexts(), key).replace(mark, "")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"packed": "Label these"}, r"'packed' must hold \{reviews\} exactly once; it stands there 0 times"),
        (
            {"separate": "{review} {review}"},
            r"'separate' must hold \{review\} exactly once; it stands there 2 times",
        ),
        ({"packed_first": "{review}"}, r"'packed_first' must hold \{reviews\} exactly once"),
    ],
)
def test_reviews_have_one_place(values: dict[str, str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_config({"prompts": values})
