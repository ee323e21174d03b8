"""Texts cut to tokens: never longer, never inside a character, and whole where they fit."""

from itertools import pairwise
from random import Random

import pytest
from support import llama3
from tokenizers import Tokenizer

from batchscope.inputs.cut_texts import GAP, cut_texts
from batchscope.inputs.models import load_tokenizer
from batchscope.inputs.texts.source_text import SourceText

LONG = "It was not the best film, nor the worst: 24 scenes, two of them good. " * 9
STRANGE = "Grüße 😀😀 ありがとう Дом \u200b naïve café " * 7


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return load_tokenizer(llama3.write_model_folder(tmp_path_factory.mktemp("llama3")))


def cut(tokenizer: Tokenizer, text: str, tokens: int | None, keep: str = "head") -> str:
    ((number, kept),), _ = cut_texts([(7, SourceText(text, "good", id="a"))], tokenizer, tokens, keep)  # type: ignore[arg-type]
    assert (number, kept.label, kept.id) == (7, "good", "a")
    return kept.content


def length(tokenizer: Tokenizer, text: str) -> int:
    return len(tokenizer.encode(text, add_special_tokens=False).ids)


@pytest.mark.parametrize("text", [LONG, STRANGE])
def test_head_and_tail_are_the_ends_of_the_text(tokenizer: Tokenizer, text: str) -> None:
    assert text.startswith(cut(tokenizer, text, 20))
    assert text.endswith(cut(tokenizer, text, 20, "tail"))
    head, tail = cut(tokenizer, text, 21, "both").split(GAP)
    assert text.startswith(head)
    assert text.endswith(tail)
    assert [length(tokenizer, part) for part in (head, tail)] == pytest.approx([11, 10], abs=1)


def test_a_text_that_fits_is_left_alone_and_those_that_do_not_are_counted(tokenizer: Tokenizer) -> None:
    texts = [SourceText(text) for text in ("short", LONG, "", STRANGE)]
    found, count = cut_texts(list(enumerate(texts)), tokenizer, 10, "head")
    assert count == 2
    assert [each for each, before in zip(found, texts, strict=True) if each[1] == before] == [
        (0, texts[0]),
        (2, texts[2]),
    ]
    assert cut_texts(list(enumerate(texts)), tokenizer, None, "head") == (list(enumerate(texts)), 0)


def test_more_tokens_keep_more(tokenizer: Tokenizer) -> None:
    kept = [cut(tokenizer, LONG, tokens) for tokens in (1, 2, 5, 40, 1000)]
    assert all(more.startswith(less) and len(more) > len(less) for less, more in pairwise(kept))
    assert kept[-1] == LONG
    assert GAP not in cut(tokenizer, LONG, 1, "both"), "one token has one end"


CHARACTERS = "ab zZ9.,!\n\t\"'ßé€あ語Жא😀👩‍👩‍👧\u200b\ufeff\x00"


def test_any_text_is_cut_between_characters(tokenizer: Tokenizer) -> None:
    rng = Random(5)
    for _ in range(300):
        text = "".join(rng.choices(CHARACTERS, k=rng.randrange(120)))
        tokens = rng.randrange(1, 30)
        head, tail = (cut(tokenizer, text, tokens, keep) for keep in ("head", "tail"))
        assert text.startswith(head)
        assert text.endswith(tail)
        both = cut(tokenizer, text, tokens, "both")
        first, _, last = both.partition(GAP)
        assert both == text or (text.startswith(first) and text.endswith(last))
        if length(tokenizer, text) <= tokens:
            assert head == tail == both == text
