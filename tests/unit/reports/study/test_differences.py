"""Ratios in words."""

import pytest

from batchscope.reports.study.differences import range_in_words, size_in_words
from batchscope.statistics.intervals import Interval


@pytest.mark.parametrize(
    ("middle", "said"),
    [
        (1.0, "0 % faster than"),
        (1.0042, "0.42 % faster than"),
        (1.053, "5.3 % faster than"),
        (1.25, "25 % faster than"),
        (1.994, "99 % faster than"),
        (2.1, "2.10 times as fast as"),
        (24.43, "24.4 times as fast as"),
    ],
)
def test_sizes(middle, said):
    assert " ".join(size_in_words(middle)) == said


@pytest.mark.parametrize(
    ("low", "middle", "high", "said"),
    [
        (1.16, 1.25, 1.34, "16 to 34 %"),
        (1.048, 1.053, 1.058, "4.8 to 5.8 %"),
        (2.06, 2.1, 2.14, "2.06 to 2.14 times as fast"),
        (1.0038, 1.004, 1.0042, "0.38 to 0.42 %"),
        (1.038, 1.053, 1.068, "3.8 to 6.8 %"),
        (3.0, 3.0, 3.0, "3.00 to 3.00 times as fast"),
        (0.988, 1.01, 1.034, "1.2 % slower to 3.4 % faster"),
        (0.59, 1.19, 2.41, "41 % slower to 2.4 times as fast"),
        (0.97, 1.0, 1.0, "3.0 % slower to 0 % faster"),
    ],
)
def test_ranges(low, middle, high, said):
    assert range_in_words(Interval(low, middle, high)) == said
