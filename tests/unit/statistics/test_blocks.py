"""Intervals by blocks of requests, and over passes."""

import numpy as np
import pytest
from support.queues import covered

from batchscope.statistics.blocks import BLOCKS, ENOUGH, block_interval, block_of, over_passes
from batchscope.statistics.intervals import Interval


def mean(values: np.ndarray) -> float:
    return float(values.mean())


def test_requests_that_wait_on_each_other_are_no_independent_ones() -> None:
    """An M/M/1 queue at half its capacity; docs/serving.md has more, of 200 trials each."""
    found = covered(busy=0.5, count=800, trials=50, seed=2)
    assert found["blocks"] >= 88
    assert found["independent"] <= 82


def test_independent_values_have_about_student_s_interval() -> None:
    values = np.random.default_rng(3).lognormal(0, 0.1, 4000)
    found = block_interval(mean, values)
    assert found.middle == pytest.approx(values.mean())
    plain = 1.96 * values.std() / np.sqrt(len(values))
    assert 0.6 * plain < (found.high - found.low) / 2 < 2.5 * plain


def test_a_wave_as_long_as_a_block_makes_the_interval_wide() -> None:
    noise = np.random.default_rng(0).lognormal(0, 0.05, 800)
    wave = 1 + 0.5 * np.sin(np.arange(800) * 2 * np.pi / 400)
    width = [
        found.high - found.low for found in (block_interval(mean, noise), block_interval(mean, noise * wave))
    ]
    assert width[1] > 5 * width[0]


@pytest.mark.parametrize("values", [np.ones(ENOUGH - 1), np.zeros(ENOUGH)])
def test_too_few_and_zeros_have_no_interval(values: np.ndarray) -> None:
    assert block_interval(mean, values) is None


def test_blocks_are_of_neighbours_and_about_equal() -> None:
    groups = block_of(100)
    assert (np.diff(groups) >= 0).all()
    assert sorted(set(np.bincount(groups))) == [12, 13]
    assert len(set(block_of(3).tolist())) == 3
    assert len(set(groups.tolist())) == BLOCKS


def test_of_three_passes_the_interval_is_between_them() -> None:
    passes = [Interval(9.9, 10.0, 10.1), Interval(10.9, 11.0, 11.1), Interval(11.9, 12.0, 12.1)]
    found = over_passes(passes)
    assert (found.low, found.middle, found.high) == pytest.approx((11 - 2.484, 11, 11 + 2.484), abs=0.001)


def test_of_one_or_two_passes_it_is_what_they_say_themselves() -> None:
    one, other = Interval(9.0, 10.0, 12.0), Interval(9.0, 12.0, 13.0)
    assert over_passes([one]) == one
    assert over_passes([one, other]) == Interval(11 - 10**0.5 / 2, 11, 11 + 5**0.5 / 2)
