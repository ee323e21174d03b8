"""Single tokens that stand for labels."""

from collections.abc import Sequence

from tokenizers import Tokenizer

MOST_TOLD = 128
"""Most tokens whose probabilities vLLM tells by name: ``logprob_token_ids`` takes no more."""


def label_tokens(tokenizer: Tokenizer, words: Sequence[str]) -> list[list[int]]:
    """Tokens that stand for each word: the word after a blank, and at the start, where that is one token."""
    both = [
        [tokenizer.encode(form, add_special_tokens=False).ids for form in (f" {word}", word)]
        for word in words
    ]
    return [list(dict.fromkeys(ids[0] for ids in forms if len(ids) == 1)) for forms in both]


def one_token_labels(tokenizer: Tokenizer, words: Sequence[str]) -> list[list[int]] | None:
    """Tokens of each word; None if a word has none, or shares one with another.

    Two words share a token where the tokenizer folds them into one, such as capitals. Of very many words each
    has one token, that of the start of a line, so that vLLM can tell the probabilities of all.
    """
    tokens = label_tokens(tokenizer, words)
    if sum(map(len, tokens)) > MOST_TOLD:
        tokens = [each[-1:] for each in tokens]
    every = [token for each in tokens for token in each]
    return tokens if all(tokens) and len(set(every)) == len(every) else None
