"""Figures in words."""

import pytest

from batchscope.reports.serving.wording import with_interval
from batchscope.statistics.intervals import Interval


@pytest.mark.parametrize(
    ("low", "middle", "high", "words"),
    [
        (125.44, 131.72, 138.0, "131.7 (125.4 to 138.0)"),
        (113.7, 134.9, 156.1, "135 (114 to 156)"),
        (58.234, 58.99, 59.76, "58.99 (58.23 to 59.76)"),
        (-0.0552, 0.0371, 0.1295, "0.037 (-0.055 to 0.130)"),
        (994.2, 1212.0, 1477.4, "1,212 (994 to 1,477)"),
        (5.0, 5.0, 5.0, "5.00 (5.00 to 5.00)"),
    ],
)
def test_a_figure_has_the_decimals_that_its_interval_leaves(
    low: float, middle: float, high: float, words: str
) -> None:
    assert with_interval(Interval(low, middle, high)) == words


def test_without_an_interval_there_is_nothing_to_say() -> None:
    assert with_interval(None) == ""
