"""The knee of a load curve."""

import pytest

from batchscope.statistics.intervals import Interval
from batchscope.statistics.knee import Knee, knee


def rates(*values: float, share: float = 0.01) -> list[Interval]:
    return [Interval(value * (1 - share), value, value * (1 + share)) for value in values]


@pytest.mark.parametrize(
    ("throughput", "found", "passed"),
    [
        (rates(10, 40, 97, 100, 99), Knee(2, 2, 5), True),
        (rates(10, 40, 91, 100, 99, share=0.03), Knee(2, 3, 5), True),  # 91 may be less than 90 %
        (rates(10, 20, 40, 80), Knee(3, 3, 4), False),  # still rising
        (rates(10, 90, 100, share=0.1), Knee(1, 2, 3), False),  # one or none
        (rates(100, 99), Knee(0, 0, 2), True),
        (rates(5), Knee(0, 0, 1), False),
    ],
)
def test_knee(throughput: list[Interval], found: Knee, passed: bool) -> None:
    assert knee(throughput) == found
    assert knee(throughput).passed == passed
