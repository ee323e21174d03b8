"""Fields of a request's body that hold its answer to its limits; pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from batchscope.common.answer_limits import AnswerLimits


class Asked(Protocol):
    """A request, as far as its answer is concerned."""

    @property
    def answer(self) -> AnswerLimits:
        """Its limits."""

    @property
    def texts(self) -> int:
        """How many its prompt holds."""


@dataclass(frozen=True)
class Bodies:
    """Fields of requests' bodies, beside the prompt and the most tokens."""

    common: dict[str, Any]
    """of every request"""
    each: Mapping[int, dict[str, Any]]
    """by the texts in a prompt, where that makes a difference; else empty"""


def bodies_of(requests: Sequence[Asked]) -> Bodies:
    """The fields for a load's requests, which vLLM's client sends with each if they are all the same."""
    bodies = {request.texts: body_of(request.answer) for request in requests}
    first = next(iter(bodies.values()), {})
    if all(body == first for body in bodies.values()):
        return Bodies(first, {})
    return Bodies({}, bodies)


def body_of(answer: AnswerLimits) -> dict[str, Any]:
    """The fields for one answer; none where any tokens are right and their number is exact.

    ``ignore_eos`` overrides the client's own, which is for answers of exact length.
    """
    body: dict[str, Any] = {}
    if answer.allowed_token_ids is not None:
        body["allowed_token_ids"] = answer.allowed_token_ids
    if answer.grammar is not None:
        body["structured_outputs"] = {"grammar": answer.grammar}
    return body if answer.exact else {**body, "ignore_eos": False}
