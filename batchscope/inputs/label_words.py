"""Reads labels from a model's answer: the rule, and its use on token ids. docs/labels.md has its limits.

A run decodes n tokens for a prompt of n reviews. Separators take some of them, and the last word may be cut
off. So an answer is read word by word; a word is a maximal run of letters, in upper or lower case. A word is
a label if it is

- a spelling of the label (`SPELLINGS`), or
- the beginning of a spelling, at least `SHORTEST` letters long, if it begins no other label: one token may
  hold only a part of a word, and the last word may be cut off.

Other words are skipped. The i-th label found is that of the prompt's i-th review; labels beyond n are
surplus, reviews beyond the labels have none.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from tokenizers import Tokenizer

from batchscope.inputs.texts.reviews import Label

SPELLINGS: dict[str, Label] = {"positive": "positive", "negative": "negative", "postive": "positive"}
"""Words that mean a label. The published prompt asks for "postive", and models copy it."""

CLASSES: tuple[Label, ...] = get_args(Label)
"""What a review can be labelled."""

SHORTEST = 3
"""Fewest letters that a cut-off word must have."""

Decoding = Literal["free", "labels"]
"""``free``: any token; ``labels``: only tokens that stand for a label."""

_WORD = re.compile(r"[^\W\d_]+")


def label_of(word: str) -> Label | None:
    """The label that a word means; None for any other word."""
    word = word.lower()
    if len(word) < SHORTEST:
        return None
    meant = {label for spelling, label in SPELLINGS.items() if spelling.startswith(word)}
    return meant.pop() if len(meant) == 1 else None


def labels_in(text: str) -> list[Label]:
    """The labels in a text, in order."""
    return [label for word in _WORD.findall(text) if (label := label_of(word))]


class AnswerReader:
    """Reads answers of one tokenizer, equal ones once: those of duplicates and repeats are mostly equal.

    Args:
        tokenizer: the model's.
        decoding: with ``labels`` each token is read by itself. Label tokens may follow each other without a
            blank, and their joined text would be no word.
    """

    def __init__(self, tokenizer: Tokenizer, decoding: Decoding = "free") -> None:
        self._tokenizer = tokenizer
        self._decoding = decoding
        self._read: dict[tuple[int, ...], list[Label]] = {}

    def read(self, answers: Iterable[Sequence[int]]) -> list[list[Label]]:
        """The labels in each answer, given as its output token ids; surplus ones included."""
        keys = [tuple(ids) for ids in answers]
        new = [key for key in dict.fromkeys(keys) if key not in self._read]
        for key, text in zip(new, self._texts(new), strict=True):
            self._read[key] = labels_in(text)
        return [self._read[key] for key in keys]

    def _texts(self, answers: Sequence[tuple[int, ...]]) -> list[str]:
        """Each answer as text; where tokens are read by themselves, with one token a line."""
        if self._decoding == "free":
            return list(self._tokenizer.decode_batch([list(ids) for ids in answers]))
        tokens = sorted({token for ids in answers for token in ids})
        text = dict(zip(tokens, self._tokenizer.decode_batch([[token] for token in tokens]), strict=True))
        return ["\n".join(text[token] for token in ids) for ids in answers]


def assign(found: Sequence[Label], n: int) -> list[Label | None]:
    """One label for each of n reviews, in their order: surplus labels are dropped, missing ones are None."""
    kept: list[Label | None] = [*found[:n]]
    return kept + [None] * (n - len(kept))
