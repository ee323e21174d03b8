"""Labels that are one token."""

from support.label_answers import N, P, ids_of, label_tokenizer
from tokenizers import Tokenizer, models

from batchscope.inputs.answers.label_tokens import label_tokens, one_token_labels


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
