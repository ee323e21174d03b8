"""Whether the passes of a run stand in two states, such as fast and slow, instead of around one mean."""

import math
from collections.abc import Sequence
from itertools import pairwise

APART = 0.1
"""How far apart two states must be, as a share: less is told by the intervals."""

CLEAR = 6.0
"""How many times as wide as either state the gap between them must be."""

ENOUGH = 3
"""Passes below which two states cannot be told from two passes."""


def two_states(seconds: Sequence[float]) -> bool:
    """Whether passes of equal work fall into two groups with a clear gap between them.

    A mean and its interval say little of such a run: another start may stay in one of the states. Of runs
    that vary around one mean by 15 %, one in five is taken for it with three passes, one in a hundred with
    five; quiet ones never are.

    Args:
        seconds: of each pass, in any order, all above zero.
    """
    if len(seconds) < ENOUGH:
        return False
    logs = sorted(math.log(value) for value in seconds)
    gaps = [after - before for before, after in pairwise(logs)]
    widest = max(range(len(gaps)), key=gaps.__getitem__)
    low, high = logs[: widest + 1], logs[widest + 1 :]
    within = max(low[-1] - low[0], high[-1] - high[0])
    return gaps[widest] > max(math.log1p(APART), CLEAR * within)
