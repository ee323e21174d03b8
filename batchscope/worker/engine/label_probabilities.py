"""How probable labels were: what is asked of vLLM for it, and what its answer says.

Where every label is one token: the probabilities of all labels. Else those of the tokens that were answered.

vLLM tells these from the model's logits as they are (``logprobs_mode: raw_logprobs``, its default). A grammar
has shut out tokens before that: both of vLLM's model runners (0.26 and 0.32) apply its mask to the logits
themselves, and then sample. So the probability of an answered token is normalised over the tokens that the
grammar allows there. Allowed token ids are applied later, on a copy; they restrict labels of one token alone,
over which we normalise ourselves.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

LabelTokens = Sequence[Sequence[int]]
"""Tokens that stand for each label, in the task's order."""


class Told(Protocol):
    """vLLM's ``Logprob``."""

    @property
    def logprob(self) -> float:
        """The natural logarithm of the probability."""


@dataclass(frozen=True)
class Wanted:
    """The probabilities that are wanted: of all labels, of the answer's tokens, or none."""

    labels: LabelTokens | None = None
    answer: bool = False

    @property
    def any(self) -> bool:
        """Whether vLLM is asked for probabilities."""
        return self.labels is not None or self.answer


NOTHING = Wanted()

MOST_IDS = 128
"""Most token ids whose probabilities vLLM tells by name."""

ROUNDING = 1e-4
"""By which the logarithm of a probability of one may be above 0."""

BEST = 20
"""Tokens that vLLM tells at most of the most probable ones, by default."""


def probabilities_asked(wanted: Wanted, by_id: bool) -> dict[str, Any]:
    """Arguments of vLLM's sampling that make it tell probabilities with each output token.

    Those of the labels' tokens, if there are no more of them than vLLM takes; else those of the most probable
    tokens, among which a label may be missing. Or those of the answered token and of the most probable one,
    which must not be more probable (`chosen_by`).

    Args:
        wanted: what is wanted.
        by_id: whether this vLLM has ``logprob_token_ids``.
    """
    if wanted.labels is None:
        return {"logprobs": 1} if wanted.answer else {}
    ids = sorted(set(chain.from_iterable(wanted.labels)))
    if by_id and len(ids) <= MOST_IDS:
        return {"logprob_token_ids": ids}
    return {"logprobs": BEST}


def label_logprobs(
    token_ids: Sequence[int], told: Sequence[Mapping[int, Told]] | None, labels: LabelTokens | None
) -> list[list[float | None]] | None:
    """Log-probability of each label wherever the output says one, normalised over the labels.

    Args:
        token_ids: the output.
        told: for each output token, the log-probabilities that vLLM tells.
        labels: the labels' tokens; None: not asked for.

    Returns:
        A list for each output token that is one of the labels' tokens, in order, with a value for each label
        (None: vLLM did not tell it); None where they were not asked for.
    """
    if labels is None or told is None:
        return None
    spoken = set(chain.from_iterable(labels))
    return [
        normalised([_of_label(here, tokens) for tokens in labels])
        for token, here in zip(token_ids, told, strict=True)
        if token in spoken
    ]


def answer_logprobs(token_ids: Sequence[int], told: Sequence[Mapping[int, Told]] | None) -> list[float]:
    """Log-probability of each output token."""
    return [here[token].logprob for token, here in zip(token_ids, told or (), strict=True)]


def chosen_by(token_ids: Sequence[int], told: Sequence[Mapping[int, Told]] | None) -> bool:
    """Whether the output's tokens can have been chosen by the probabilities that vLLM tells.

    With greedy sampling the answered token is the most probable of those that are allowed. Where another one
    is more probable, these are the probabilities from before a restriction; above 1, they are none.
    """
    return all(
        here[token].logprob == max(each.logprob for each in here.values()) <= ROUNDING
        for token, here in zip(token_ids, told or (), strict=True)
    )


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
