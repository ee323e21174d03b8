"""Labels that are one token."""

import pytest
from support.label_answers import N, P, ids_of, label_tokenizer
from tokenizers import Tokenizer, models, normalizers

from batchscope.inputs.answers.label_tokens import MOST_TOLD, label_tokens, one_token_labels


def test_a_label_has_a_token_with_a_blank_and_one_without() -> None:
    tokenizer = label_tokenizer()
    tokens = label_tokens(tokenizer, [P, N, "unheard of"])
    assert tokens == [
        [*ids_of(tokenizer, " positive"), *ids_of(tokenizer, "positive")],
        [*ids_of(tokenizer, " negative"), *ids_of(tokenizer, "negative")],
        [],
    ]
    assert one_token_labels(tokenizer, [P, N]) == tokens[:2]
    assert one_token_labels(tokenizer, [P, N, "unheard of"]) is None


def test_labels_that_share_a_token_are_not_told_apart_by_it() -> None:
    folding = Tokenizer(models.WordLevel({"A": 0, "[UNK]": 1}, unk_token="[UNK]"))
    assert label_tokens(folding, ["b", "c"]) == [[1], [1]]
    assert one_token_labels(folding, ["b", "c"]) is None


@pytest.mark.parametrize(("count", "each"), [(64, 2), (65, 1), (128, 1)])
def test_of_many_labels_each_has_the_token_of_a_line_s_start_alone(count: int, each: int) -> None:
    words = [f"w{number}" for number in range(count)]
    vocabulary = {
        form: place for place, form in enumerate(part for word in words for part in (f"▁{word}", word))
    }
    tokenizer = Tokenizer(models.WordLevel({**vocabulary, "?": len(vocabulary)}, unk_token="?"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokens = one_token_labels(tokenizer, words)
    assert tokens is not None
    assert {len(ids) for ids in tokens} == {each}
    assert [ids[-1] for ids in tokens] == [vocabulary[word] for word in words]
    assert sum(map(len, tokens)) <= MOST_TOLD
