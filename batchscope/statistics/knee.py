"""Where a closed loop's throughput stops rising with the load: its knee."""

from collections.abc import Sequence

import numpy as np

BUSY = 0.9
"""Share of a sweep's highest throughput; beyond it more load brings little but longer waiting."""


def knee(throughput: Sequence[float]) -> int:
    """Index of the knee among points of rising load: the first that reaches `BUSY` of the highest throughput.

    ``throughput``: of each point, in any unit; at least one.
    """
    reached = np.asarray(throughput, float)
    return int(np.argmax(reached >= BUSY * reached.max()))
