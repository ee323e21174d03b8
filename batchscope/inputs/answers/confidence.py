"""How sure a model was of each label, from the log-probabilities that its engine told; pure functions.

There are two kinds, and docs/labels.md has what they mean. Where each label is one token: the label's
probability among all labels, at its place in the answer. Else: the probability of the tokens that spell it,
each given all before it.
"""

import math
from collections.abc import Collection, Sequence

import numpy as np

from batchscope.inputs.answers.token_places import TokenPlace

Confidences = list[float | None]
"""From 0 to 1, one for each text of a prompt; None: not known, or the text has no label."""


def among_labels(
    places: Sequence[TokenPlace | None],
    labels: Sequence[int | None],
    spoken: Sequence[int],
    told: Sequence[Sequence[float | None]],
) -> Confidences:
    """Probability of each text's label among all labels.

    Args:
        places: the tokens that spell it.
        labels: which one it is; None: none.
        spoken: the places of output tokens that are some label's, in order.
        told: log-probabilities of all labels at these places. Of another number of places, nothing is known.
    """
    if len(told) != len(spoken):
        return [None] * len(places)
    found: Confidences = []
    for place, label in zip(places, labels, strict=True):
        inside = range(0) if place is None else range(place.first, place.end)
        at = next((row for token, row in zip(spoken, told, strict=True) if token in inside), None)
        found.append(None if at is None or label is None else share_of(at, label))
    return found


def share_of(logprobs: Sequence[float | None], label: int) -> float | None:
    """Probability of one label among all of them; None where that of no label is known.

    Args:
        logprobs: natural logarithms, in the order of the labels; None or -inf: too improbable to be told.
        label: which one.
    """
    values = np.array([-math.inf if value is None else value for value in logprobs], dtype=float)
    values[np.isnan(values)] = -math.inf
    highest = values.max(initial=-math.inf)
    if highest == -math.inf:
        return None
    shares = np.exp(values - highest)
    return float(shares[label] / shares.sum())


def of_tokens(
    places: Sequence[TokenPlace | None],
    labels: Sequence[str | None],
    logprobs: Sequence[float],
    open_labels: Collection[str],
) -> Confidences:
    """Probability of the tokens that spell each text's label, each given all before it.

    Args:
        places: these tokens.
        labels: the label's name; None: none.
        logprobs: natural logarithms of the probabilities of all output tokens.
        open_labels: those that may go on as another one (card, card lost). What ends such a label decides
            which of the two it is, so the token behind it counts too.
    """
    found: Confidences = []
    for place, label in zip(places, labels, strict=True):
        if place is None or label is None or place.closed > len(logprobs):
            found.append(None)
            continue
        end = place.closed if label in open_labels else place.end
        found.append(min(1.0, math.exp(math.fsum(logprobs[place.first : end]))))
    return found
