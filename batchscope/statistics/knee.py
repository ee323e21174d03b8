"""Where a closed loop's throughput stops rising with the load: its knee."""

from collections.abc import Sequence

import numpy as np

BUSY = 0.9
"""Share of a sweep's highest throughput from which on more load brings little but waiting."""


def knee(throughput: Sequence[float]) -> int:
    """Which of the points, in the order of rising load, is the knee: the first with most of the highest."""
    reached = np.asarray(throughput, float)
    return int(np.argmax(reached >= BUSY * reached.max()))
