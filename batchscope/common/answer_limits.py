"""What an engine is asked for beside a prompt: how long its answer may be, and what it may say.

Made on the workflow's side (`batchscope.inputs.answers.limits`), because the worker knows no labels, and sent
to it with the job, as JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class AnswerLimits:
    """Limits of one answer."""

    least: int
    """tokens that a whole answer has at least, the one that ends it included"""
    most: int
    """tokens after which it is cut off"""
    usual: int | None = None
    """tokens that it is likely to have, for plans; None: not known"""
    allowed_token_ids: list[int] | None = None
    """tokens to choose from; None: all"""
    grammar: str | None = None
    """a grammar in EBNF that the answer's text follows; None: any text"""

    @property
    def expected(self) -> int:
        """Tokens to plan with."""
        return self.most if self.usual is None else self.usual

    @property
    def exact(self) -> bool:
        """Whether exactly ``most`` tokens are decoded, whatever they are; else the model may end earlier."""
        return self.least == self.most

    @property
    def restricted_by(self) -> str | None:
        """``tokens`` or ``grammar``; None: not at all."""
        if self.grammar is not None:
            return "grammar"
        return None if self.allowed_token_ids is None else "tokens"


LimitsBySize = Mapping[int, AnswerLimits]
"""Limits by the number of texts in a prompt."""


@dataclass(frozen=True)
class AskedAnswers:
    """What a run asks for: limits for each size of its prompts, and whether probabilities are recorded."""

    limits: LimitsBySize
    label_token_ids: list[list[int]] | None = None
    """tokens of each label, in the task's order, whose probabilities are recorded; None: none are"""
    answer_logprobs: bool = False
    """whether the probability of each token of the answer is recorded instead"""

    @property
    def confidence(self) -> str | None:
        """Whose probabilities are recorded: ``labels`` (of all), ``answer`` (of its tokens); None: none."""
        return "labels" if self.label_token_ids else "answer" if self.answer_logprobs else None

    def as_json(self) -> dict[str, Any]:
        """As it stands in a job."""
        limits = {str(n): asdict(each) for n, each in self.limits.items()}
        return {
            "limits": limits,
            "label_token_ids": self.label_token_ids,
            "answer_logprobs": self.answer_logprobs,
        }

    def summary(self) -> list[dict[str, Any]]:
        """As measurement.json has it: a line for each size of prompt, without ids and grammars."""
        return [
            {
                "n": n,
                "least": each.least,
                "most": each.most,
                "restricted_by": each.restricted_by,
                "confidence": self.confidence,
            }
            for n, each in self.limits.items()
        ]


def asked_answers(value: Mapping[str, Any]) -> AskedAnswers:
    """What `AskedAnswers.as_json` wrote."""
    limits = {int(n): AnswerLimits(**each) for n, each in value["limits"].items()}
    return AskedAnswers(limits, value["label_token_ids"], value["answer_logprobs"])


def exactly(tokens_per_text: int, *sizes: int) -> AskedAnswers:
    """Any tokens, so many for each text, for prompts of these sizes."""
    return AskedAnswers({n: AnswerLimits(n * tokens_per_text, n * tokens_per_text) for n in sizes})


def output_tokens_check(found: Sequence[int], limits: Sequence[AnswerLimits]) -> tuple[str, int, int, str]:
    """Whether requests have as many output tokens as they may, as a check of a pass.

    Args:
        found: output tokens of each request that was answered.
        limits: of each request.

    Returns:
        A code, what was found, what should have been, and what it is. Tokens where their number is exact,
        else the answers whose length is within its bounds.
    """
    if all(each.exact for each in limits):
        return "output_tokens", sum(found), sum(each.most for each in limits), "output tokens"
    within = sum(each.least <= tokens <= each.most for tokens, each in zip(found, limits, strict=False))
    least, most = min(each.least for each in limits), max(each.most for each in limits)
    what = f"answers with as many output tokens as they may have ({least} to {most})"
    return "output_tokens", within, len(limits), what
