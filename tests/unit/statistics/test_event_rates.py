"""Events a second, with intervals."""

import numpy as np
import pytest
from support.queues import covered_rate, poisson

from batchscope.statistics.event_rates import rate_around, rate_interval, smooth_rates


def test_a_closed_loop_s_throughput_is_covered() -> None:
    found = covered_rate(under_way=16, count=640, trials=100)
    assert found["covered"] >= 88
    assert found["half_width"] < 4


def test_events_that_come_evenly_have_a_narrow_interval() -> None:
    found = rate_interval(np.arange(1000) / 100, 1.0, 9.0)
    assert found.middle == pytest.approx(100)
    assert found.high - found.low < 0.5


def test_events_in_steps_are_no_noise() -> None:
    """25 answers every 0.2 s: a block holds a step more or less, the rate is 125 all the same."""
    times = np.repeat(np.arange(1, 101) * 0.2, 25)
    found = rate_interval(times, times[100], times[1124])
    assert found.middle == pytest.approx(125)
    assert (found.high - found.low) / 2 < 0.02 * found.middle


def test_of_a_poisson_process_the_interval_is_as_wide_as_chance() -> None:
    times = poisson(np.random.default_rng(0), 100, 2000)
    half = [
        (found.high - found.low) / 2
        for start in (0, 5, 10)
        for found in [rate_interval(times, start, start + 8)]
    ]
    chance = 2.45 * (100 / 8) ** 0.5
    assert 0.5 * chance < np.mean(half) < 1.7 * chance


def test_rates_go_from_block_to_block() -> None:
    rates = smooth_rates(np.concatenate([np.arange(400) / 100, 4 + np.arange(800) / 200]), 0.0, 8.0)
    assert rates == pytest.approx([100, 100, 100, 150, 200, 200, 200], rel=0.03)


@pytest.mark.parametrize("late", [0.3, 0.5, 0.9])
def test_no_interval_of_a_rate_goes_below_none(late: float) -> None:
    """Nearly all events come at once, so that blocks differ by more than the rate itself."""
    times = np.concatenate([[0.0], np.full(200, late), [1.0]])
    found = rate_interval(times, 0.0, 1.0)
    assert found.low == 0 < found.middle < found.high


def test_no_rate_around_a_mean_goes_below_none() -> None:
    found = rate_around(1.0, np.array([9.0, -3.0, 8.0, -5.0, 1.0, 0.0, -3.0]))
    assert found.low == 0 < found.middle < found.high
