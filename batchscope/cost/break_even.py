"""Up to which n packing pays: predicted texts per second of both layouts, for texts of a mean length.

Packing saves the instruction's tokens. It costs attention over all texts of a prompt, and answers that are
decoded one after the other. Where the prefix cache already holds the prompts, there is no instruction left to
save, and decoding is nearly all of the work.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Literal

import numpy as np

from batchscope.cost.flops import Lengths
from batchscope.cost.roofline import Engine, predict

Layout = Literal["packed", "separate"]

STEP_UP = 1.15
"""Largest ratio of one n to the one tried before it, in the first, coarse search."""


@dataclass(frozen=True)
class MeanLengths:
    """Mean lengths in tokens; the instruction is all that a prompt has beside its texts."""

    text_tokens: float
    instruction_tokens: float


@dataclass(frozen=True)
class Load:
    """What is to be labelled; ``texts`` is their number in one pass, duplicates not counted."""

    lengths: MeanLengths
    texts: int
    duplicates: int = 1
    cached: bool = False
    """whether duplicates are served from the prefix cache"""
    block_size: int = 16
    output_tokens_per_text: int = 1


def requests_of(load: Load, layout: Layout, n: int) -> list[Lengths]:
    """Requests of one layout: as many whole prompts as there are texts for, then their duplicates.

    A duplicate that the prefix cache serves computes what lies behind its last whole block, at least a token.
    """
    each = n if layout == "packed" else 1
    prompts = max(load.texts // n, 1) * (n // each)
    mean = each * load.lengths.text_tokens + load.lengths.instruction_tokens
    # Whole numbers whose sum is right, whatever the mean's fraction.
    lengths = np.maximum(np.diff(np.rint(np.arange(prompts + 1) * mean)), 1)
    first = [Lengths(int(tokens), 0, each * load.output_tokens_per_text) for tokens in lengths]
    if not load.cached:
        return first * load.duplicates
    held = [replace(one, cached_tokens=_whole_blocks(one.prompt_tokens, load.block_size)) for one in first]
    return first + held * (load.duplicates - 1)


def _whole_blocks(prompt_tokens: int, block_size: int) -> int:
    return (prompt_tokens - 1) // block_size * block_size


def texts_per_s(engine: Engine, share: float, load: Load, layout: Layout, n: int) -> float:
    """Predicted texts labelled per second, duplicates counted.

    Args:
        engine: model, limits and peaks.
        share: how much of its peaks the device reaches; for an unknown device, its rate in FLOP/s.
        load: the texts.
        layout: packed or separate; both layouts get the same number of texts, whole packs of n.
        n: texts in one packed prompt.

    Raises:
        ValueError: the KV cache cannot hold a prompt of n texts.
    """
    labels, ideal = _labels_and_time(engine, load, layout, n)
    return labels * share / ideal


@lru_cache(maxsize=4096)
def _labels_and_time(engine: Engine, load: Load, layout: Layout, n: int) -> tuple[float, float]:
    """Texts labelled in one pass, and its predicted time; curves and break-even ask for the same ones."""
    requests = requests_of(load, layout, n)
    labels = sum(each.output_tokens for each in requests) / load.output_tokens_per_text
    return labels, predict(engine, requests).ideal


def candidates(largest: int) -> list[int]:
    """Values of n from 2 to ``largest`` to try first, each at most `STEP_UP` times the last, or 1 more."""
    found = [2]
    while found[-1] < largest:
        found.append(min(max(found[-1] + 1, int(found[-1] * STEP_UP)), largest))
    return found


@dataclass(frozen=True)
class BreakEven:
    """Up to which n packed prompts are predicted to keep up with separate ones, and how sharp that is."""

    n: int
    """the largest n that labels at least as many texts per second as separate prompts; 1 where none does"""
    surely: int
    """the largest n that is ahead by the margin"""
    perhaps: int
    """the largest n that is behind by no more than the margin"""
    searched: int
    """where the search ended: a result equal to it may really be larger"""


def break_even(engine: Engine, load: Load, largest: int, margin: float = 0.02) -> BreakEven:
    """The break-even n. No constant enters it: both layouts run on one device.

    Args:
        engine: model, limits and peaks.
        load: the texts; a prompt of ``largest`` texts must fit into the KV cache.
        largest: where the search ends.
        margin: share by which the predicted ratio of the two layouts may be wrong.
    """
    separate = texts_per_s(engine, 1.0, load, "separate", 1)

    @cache
    def advantage(n: int) -> float:
        return texts_per_s(engine, 1.0, load, "packed", n) / separate

    tried = candidates(largest)
    n, surely, perhaps = (
        last_that_holds(lambda n, least=least: advantage(n) >= least, tried)  # type: ignore[misc]
        for least in (1.0, 1 + margin, 1 - margin)
    )
    return BreakEven(n, surely, perhaps, largest)


def last_that_holds(holds: Callable[[int], bool], tried: Sequence[int]) -> int:
    """The largest n for which ``holds`` is true: the last of ``tried``, or one up to the next; 1 for none."""
    winning = [index for index, n in enumerate(tried) if holds(n)]
    if not winning:
        return 1
    low = tried[winning[-1]]
    following = tried[winning[-1] + 1 : winning[-1] + 2] or [low + 1]
    return next((n for n in range(following[0] - 1, low, -1) if holds(n)), low)
