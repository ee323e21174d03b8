"""Why a difference of speeds is not claimed, in few words that hold of that one.

A claim must leave out 1 with all that engine starts and GPUs differ by taken in, at a level of 4 %, and
beside all comparisons that were made with it (`batchscope.statistics.replicates`). A 95 % interval is that of
one comparison alone: it may leave out 1, and the difference be none to claim.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from batchscope.results.comparison import Likely
from batchscope.statistics.replicates import CHANCE

Kind = Literal["few", "many", "chance", "starts", "gpus"]


@dataclass(frozen=True)
class Doubt:
    """What a claim fails for."""

    kind: Kind
    words: str
    size: float = 0.0
    """of several of one kind the largest is told"""


FEW = Doubt("few", "steady repeats are too few")


def doubt_of(found: Likely, adjusted: float, of: int, *, two_gpus: bool) -> Doubt | None:
    """Why a difference is not claimed; None for one that is.

    Args:
        found: the ratio as it would come out again.
        adjusted: its p with all comparisons that were made together (`holm`).
        of: how many these are.
        two_gpus: whether the two runs were on different GPUs.
    """
    p, middle = found.estimate.p, found.estimate.interval().middle
    if adjusted < CHANCE:
        return None
    if p < CHANCE:
        return Doubt("many", f"one of {of} comparisons may come out so by chance", of)
    if found.settled or max(middle, 1 / middle) - 1 > found.spread:
        most = f"a claim takes less than {100 * CHANCE:g} %"
        return Doubt("chance", f"equal runs come out so in {100 * p:.2g} % of cases ({most})", p)
    equal = f"equal runs differ by up to {100 * found.spread:.2g} %"
    if two_gpus:
        return Doubt("gpus", f"{equal} between two such GPUs", found.spread)
    return Doubt("starts", f"{equal} from one engine start to the next", found.spread)


def in_words(doubts: Iterable[Doubt]) -> str:
    """What several comparisons fail for, each kind once, with the largest of its numbers."""
    largest: dict[Kind, Doubt] = {}
    for each in doubts:
        if each.kind not in largest or each.size > largest[each.kind].size:
            largest[each.kind] = each
    return ", or ".join(each.words for each in largest.values())
