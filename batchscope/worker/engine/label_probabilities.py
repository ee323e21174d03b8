"""How probable each label was: what is asked of vLLM for it, and what its answer says."""

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

LabelTokens = Sequence[Sequence[int]]
"""Tokens that stand for each label, in the task's order."""


class Told(Protocol):
    """vLLM's ``Logprob``."""

    @property
    def logprob(self) -> float:
        """The natural logarithm of the probability."""


MOST_IDS = 128
"""Most token ids whose probabilities vLLM tells by name."""

BEST = 20
"""Tokens that vLLM tells at most of the most probable ones, by default."""


def probabilities_asked(labels: LabelTokens | None, by_id: bool) -> dict[str, Any]:
    """Arguments of vLLM's sampling that make it tell probabilities with each output token.

    Those of the labels' tokens, if there are no more of them than vLLM takes; else those of the most probable
    tokens, among which a label may be missing.

    Args:
        labels: None: no probabilities are wanted.
        by_id: whether this vLLM has ``logprob_token_ids``.
    """
    if labels is None:
        return {}
    ids = sorted(set(chain.from_iterable(labels)))
    if by_id and len(ids) <= MOST_IDS:
        return {"logprob_token_ids": ids}
    return {"logprobs": BEST}


def label_logprobs(
    token_ids: Sequence[int],
    told: Sequence[Mapping[int, Told]] | None,
    labels: LabelTokens | None,
    texts: int,
) -> list[list[float | None]] | None:
    """Log-probability of each label for each text of a prompt, normalised over the labels.

    A label is spoken where one of its tokens is in the output. If there are as many of these as texts, the
    i-th is the i-th text's; else nothing says which belongs to which.

    Args:
        token_ids: the output.
        told: for each output token, the log-probabilities that vLLM tells.
        labels: the labels' tokens; None: not asked for.
        texts: how many the prompt holds.

    Returns:
        A list for each text with a value for each label (None: vLLM did not tell it); None where they were
        not asked for, or the output has another number of labels than texts.
    """
    if labels is None or told is None:
        return None
    spoken = set(chain.from_iterable(labels))
    places = [place for place, token in enumerate(token_ids) if token in spoken]
    if len(places) != texts:
        return None
    return [normalised([_of_label(told[place], tokens) for tokens in labels]) for place in places]


def normalised(values: Sequence[float | None]) -> list[float | None]:
    """Log-probabilities that add up to one, as probabilities; what is not known stays so."""
    total = _log_of_sum([value for value in values if value is not None])
    return [None if value is None or total is None else value - total for value in values]


def _of_label(told: Mapping[int, Told], tokens: Sequence[int]) -> float | None:
    return _log_of_sum([told[token].logprob for token in tokens if token in told])


def _log_of_sum(values: Sequence[float]) -> float | None:
    """The logarithm of a sum of exponentials; None without any, or where all are minus infinity."""
    largest = max(values, default=-math.inf)
    if largest == -math.inf:
        return None
    return largest + math.log(sum(math.exp(value - largest) for value in values))
