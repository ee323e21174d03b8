"""What a model's context holds: which prompts are too long, and the largest n and the longest cut that fit.

All of it is found by making prompts, so that a remedy with a number in it works when it is followed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from batchscope.common.errors import UserError
from batchscope.config.prompts import LAYOUTS, CutName
from batchscope.inputs.cut_texts import cut_texts
from batchscope.inputs.prompts import Maker, NumberedText, Prompt, group, marks_of, orders_of
from batchscope.inputs.texts.source_text import SourceText, where
from batchscope.inputs.wording import render

TOGETHER = 16
"""Prompts that are tokenised at a time; one that is too long ends the search."""

Members = Sequence[NumberedText]
"""The texts of a prompt."""

FEW = 4
"""Prompts that are looked at however long they are: the one with the most bytes may not be that with the most
tokens."""

OVERHEAD = 2
"""Tokens that stand for no byte of a text: a start and an end."""


def one_token_a_text(texts: int) -> int:
    """The shortest answer that says a label for each text."""
    return texts


@dataclass(frozen=True)
class Need:
    """What a prompt takes of the context."""

    tokens: int
    texts: int
    answer: int
    """tokens that its answer may have"""

    @property
    def whole(self) -> int:
        """Tokens of prompt and answer."""
        return self.tokens + self.answer


@dataclass(frozen=True)
class Fitting:
    """Fits texts into the prompts of one set.

    A token stands for a byte or more, so prompts with fewer bytes than the context has tokens are not made.
    """

    maker: Maker
    context: int
    answer: Callable[[int], int] = one_token_a_text
    """most tokens of the answer to a prompt of so many texts"""
    most_bytes: int | None = None
    """look at the longest prompts alone, of so many bytes together, but at `FEW`; None: at all"""

    def longest(self, texts: Sequence[NumberedText], n: int) -> Need | None:
        """The neediest of the prompts with n texts each that might be too long; None if there are none."""
        needs = (need for need, _ in self._made(texts, n))
        return max(needs, key=lambda need: need.whole, default=None)

    def fits(self, texts: Sequence[NumberedText], n: int) -> bool:
        """Whether the context holds every prompt with n texts."""
        return all(need.whole <= self.context for need, _ in self._made(texts, n))

    def largest_n(self, texts: Sequence[NumberedText], above: int) -> int:
        """The largest n below ``above`` whose every prompt fits; 1 if there is none."""
        low, high = 1, 2  # from below: prompts that are far too long take long to make
        while high < above and self.fits(texts, high):
            low, high = high, 2 * high
        high = min(high, above)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.fits(texts, middle) else (low, middle)
        # Groups shift with n, so "fits" need not be monotone: step down to one that does.
        while low > 1 and not self.fits(texts, low):
            low -= 1
        return low

    def largest_n_up_to(self, n: int, texts: Sequence[NumberedText]) -> int:
        """n, or the number of texts if that is less, if every prompt fits then; else `largest_n` below."""
        most = min(n, len(texts))
        return most if self.fits(texts, most) else self.largest_n(texts, most)

    def too_long(self, texts: Sequence[NumberedText]) -> list[tuple[int, SourceText]]:
        """The texts that no prompt holds, not even alone, each with that prompt's tokens; longest first."""
        found = {member: need.tokens for need, (member,) in self._made(texts, 1) if need.whole > self.context}
        return sorted(((tokens, text) for (_, text), tokens in found.items()), key=lambda each: -each[0])

    def longest_cut(self, texts: Sequence[SourceText], keep: CutName) -> int | None:
        """The most tokens that each of these texts may keep to fit alone; None: not even one."""
        low, high, numbered = 0, self.context, list(enumerate(texts))
        while high - low > 1:
            middle = (low + high) // 2
            cut, _ = cut_texts(numbered, self.maker.encoder.tokenizer, middle, keep)
            low, high = (middle, high) if self.fits(cut, 1) else (low, middle)
        return low or None

    def _made(self, texts: Sequence[NumberedText], n: int) -> Iterator[tuple[Need, Members]]:
        """Each prompt that may be too long; those with the most bytes first."""
        suspects, mark = self._suspects(texts, n), marks_of(self.maker.wanted)[-1]
        # the longest one by itself: if it is too long, nobody asks for more
        for groups in (suspects[:1], *batches(suspects[1:], TOGETHER)):
            guard = self.maker.guard([member for members in groups for member in members])
            for members, ids in zip(groups, self.maker.token_ids(groups, guard, mark), strict=True):
                yield Need(len(ids), len(members), self.answer(len(members))), members

    def _suspects(self, texts: Sequence[NumberedText], n: int) -> list[Members]:
        sized = [
            (self._bytes(render(members, self.maker.wording)) + self._around, members)
            for order in orders_of(texts, self.maker.wanted)
            for members in group(order, n)
        ]
        sized.sort(key=lambda each: -each[0])
        found = [each for each in sized if each[0] + self.answer(len(each[1])) > self.context]
        if self.most_bytes is not None:
            before = [0, *accumulate(size for size, _ in found)]
            enough = sum(held < self.most_bytes for held in before[:-1])
            found = found[: max(enough, FEW)]
        return [members for _, members in found]

    def _bytes(self, text: str) -> int:
        """Bytes of a text as the tokenizer normalises it, which may lengthen it."""
        normalizer = self.maker.encoder.tokenizer.normalizer
        return len((normalizer.normalize_str(text) if normalizer else text).encode())

    @cached_property
    def _around(self) -> int:
        """Bytes of a chat template, and tokens that stand for no byte."""
        return len(self.maker.texts([[]])[0].encode()) + OVERHEAD


def batches(groups: Sequence[Members], size: int) -> Iterator[Sequence[Members]]:
    """Groups, ``size`` at a time."""
    return (groups[start : start + size] for start in range(0, len(groups), size))


def check_context(
    maker: Maker,
    prompts: Sequence[Prompt],
    context: int,
    texts: Sequence[NumberedText],
    asked: int | None = None,
) -> None:
    """Refuse prompts that the model cannot hold, each with one output token a text.

    Args:
        maker: what made the prompts.
        prompts: all of a set.
        context: tokens that prompt and output may have together.
        texts: the texts in them.
        asked: ``max_model_len`` of the runs, where it is what limits the context.

    Raises:
        UserError: names the longest prompt, the limit, and the largest n that fits.
    """
    longest = max(prompts, key=lambda prompt: len(prompt.token_ids) + prompt.n)
    if len(longest.token_ids) + longest.n <= context:
        return
    wanted, fitting = maker.wanted, Fitting(maker, context)
    limit, hint = (
        ("max_model_len", ": raise engine.args.max_model_len") if asked else ("the model's context", "")
    )
    problem = (
        f"{wanted.id}: prompt {longest.id} has {len(longest.token_ids)} tokens and asks for {longest.n} "
        f"more; {limit} is {context} tokens{hint}"
    )
    fits = fitting.largest_n(texts, wanted.n) if LAYOUTS[wanted.layout].packs else 1
    if fits > 1:
        raise UserError(f"{problem}; the largest n that fits is {fits}")
    remedy = too_long_alone(fitting, texts) or "no packed prompt fits; set layout: separate"
    raise UserError(f"{problem}; {remedy}")


def too_long_alone(fitting: Fitting, texts: Sequence[NumberedText]) -> str | None:
    """What to do about texts that no prompt holds, not even alone; None if there are none."""
    found = fitting.too_long(texts)
    if not found:
        return None
    tokens, longest = found[0]
    others = f" (nor {len(found) - 1} others)" if found[1:] else ""
    most = fitting.longest_cut([text for _, text in found], fitting.maker.wanted.cut)
    cut = f" (workload.text_tokens: {most})" if most else ""
    return (
        f"{where(longest)} is too long on its own ({tokens} tokens) and no layout holds it{others}: "
        f"cut texts{cut}, drop what is too long, or take a model with a longer context"
    )
