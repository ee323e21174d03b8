"""The largest n and the longest cut that a context holds, against prompts that are all made."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.label_answers import label_tokenizer
from support.tokenizers_of_kinds import KINDS
from tokenizers import Tokenizer

from batchscope.config.prompts import PromptTexts
from batchscope.config.task import Task
from batchscope.inputs.cut_texts import cut_texts
from batchscope.inputs.fitting import Fitting, too_long_alone
from batchscope.inputs.prompts import Maker, make_prompts, maker_of
from batchscope.inputs.texts.source_text import SourceText
from batchscope.studies.run import PromptSet

TASK = Task.model_validate({"labels": ["good", "bad"]})


def maker(tokenizer: Tokenizer, n: int = 4, texts: int = 40, **more: object) -> Maker:
    wanted = PromptSet("m", "packed" if n > 1 else "separate", n, texts, more.pop("duplicates", 1), **more)
    return maker_of(wanted, PromptTexts(), tokenizer, TASK)


def numbered(texts: list[str]) -> list[tuple[int, SourceText]]:
    return [(number, SourceText(text, "good", str(number))) for number, text in enumerate(texts)]


def of_many_lengths(count: int, seed: int = 0) -> list[tuple[int, SourceText]]:
    draw = Random(seed)
    return numbered([("word " * draw.randrange(1, 60)).strip() for _ in range(count)])


def needed(
    tokenizer: Tokenizer, texts: list[tuple[int, SourceText]], n: int, answer: int = 1, **more: object
) -> int:
    """Tokens of the longest of all prompts with n texts, and of its answer."""
    prompts = make_prompts(maker(tokenizer, n, len(texts), **more), texts)
    return max(len(prompt.token_ids) + answer * prompt.n for prompt in prompts)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return label_tokenizer()


@pytest.mark.parametrize(("seed", "context", "answer"), [(0, 900, 1), (1, 2_500, 1), (2, 2_500, 30)])
def test_the_largest_n_fits_and_the_next_does_not(
    tokenizer: Tokenizer, seed: int, context: int, answer: int
) -> None:
    texts = of_many_lengths(40, seed)
    fitting = Fitting(maker(tokenizer, 40), context, lambda n: answer * n)
    largest = fitting.largest_n_up_to(40, texts)
    assert 1 < largest < 40
    assert needed(tokenizer, texts, largest, answer) <= context
    assert needed(tokenizer, texts, largest + 1, answer) > context


def test_an_n_that_fits_is_taken_and_never_more_than_there_are_texts(tokenizer: Tokenizer) -> None:
    texts = of_many_lengths(40)
    roomy = Fitting(maker(tokenizer, 40), 1_000_000)
    assert roomy.largest_n_up_to(40, texts) == 40
    assert roomy.largest_n_up_to(64, texts) == 40
    assert roomy.longest(texts, 40) is None, "nothing that short is made"


def test_marks_and_other_orders_of_duplicates_count(tokenizer: Tokenizer) -> None:
    texts = of_many_lengths(40, 3)
    for more in ({"marked": True, "duplicates": 1_001}, {"permuted": True, "duplicates": 3}):
        context = needed(tokenizer, texts, 8, **more)
        assert Fitting(maker(tokenizer, 8, **more), context).fits(texts, 8)
        assert not Fitting(maker(tokenizer, 8, **more), context - 1).fits(texts, 8)


@pytest.mark.parametrize(("plain", "seen"), [(3, True), (4, False)])
def test_of_many_prompts_the_longest_are_made_and_a_few_at_least(
    tokenizer: Tokenizer, plain: int, seen: bool
) -> None:
    """The last text has fewest bytes and most tokens: it is among those that are looked at, or it is not."""
    texts = numbered(["positive " * 60] * plain + ["xq" * 100])
    context = needed(tokenizer, texts, 1) - 1
    assert Fitting(maker(tokenizer, 1), context, most_bytes=1).fits(texts, 1) is not seen
    assert not Fitting(maker(tokenizer, 1), context).fits(texts, 1)


@pytest.mark.parametrize("keep", ["head", "tail", "both"])
def test_the_longest_cut_fits_and_a_token_more_does_not(tokenizer: Tokenizer, keep: str) -> None:
    texts = numbered(["short", "long " * 300, "longer " * 900])
    fitting = Fitting(maker(tokenizer, 1), 400)
    alone = fitting.too_long(texts)
    assert [text.id for _, text in alone] == ["2", "1"]
    most = fitting.longest_cut([text for _, text in alone], keep)
    assert fitting.fits(cut_texts(texts, tokenizer, most, keep)[0], 1)
    assert not fitting.fits(cut_texts(texts, tokenizer, most + 1, keep)[0], 1)
    assert f"workload.text_tokens: {fitting.longest_cut([texts[2][1]], 'head')})" in too_long_alone(
        fitting, texts
    )


def test_where_the_wording_alone_is_too_long_no_cut_helps(tokenizer: Tokenizer) -> None:
    fitting = Fitting(maker(tokenizer, 1), 10)
    assert fitting.longest_cut([SourceText("a few words", "good")], "head") is None
    assert "cut texts, drop" in too_long_alone(fitting, numbered(["a few words"]))


KNOWN = {kind: make() for kind, make in KINDS.items()}


@pytest.mark.parametrize("kind", KNOWN)
@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=6))
def test_no_prompt_that_is_too_long_is_passed_over_for_its_few_bytes(kind: str, texts: list[str]) -> None:
    """One token less than the longest prompt needs is too little, whatever the texts are written in."""
    texts = numbered([*texts, "\ufdfa" * 20])  # a letter that some tokenizers write out in 18
    context = needed(KNOWN[kind], texts, 2)
    assert Fitting(maker(KNOWN[kind], 2), context).fits(texts, 2)
    assert not Fitting(maker(KNOWN[kind], 2), context - 1).fits(texts, 2)
