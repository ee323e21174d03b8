"""Passes in two states, and passes that are merely noisy."""

import numpy as np
import pytest
from support.states_seen import HARD, seen
from support.three_levels import worlds

from batchscope.statistics.steadiness import two_states


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        ((1.155, 1.188, 0.801), True),  # a small model on an H200
        ((2.016, 1.134, 1.091), True),
        ((0.992, 1.597, 1.601), True),
        ((1.0, 1.0, 1.45, 1.44, 1.0, 1.46), True),
        ((1.999, 1.293, 1.655), False),  # spread, and no gap
        ((5.607, 5.618, 5.636), False),
        ((1.0, 1.0, 1.05), False),  # too near to matter
        ((1.0, 1.0, 1.0), False),
        ((1.0, 2.0), False),
        ((), False),
    ],
)
def test_two_states(seconds, found):
    assert two_states(seconds) is found


@pytest.mark.parametrize(("spread", "passes", "at_most"), [(0.02, 3, 0.0), (0.15, 3, 0.25), (0.15, 5, 0.02)])
def test_noise_is_seldom_taken_for_two_states(spread, passes, at_most):
    runs = np.exp(np.random.default_rng(1).normal(0, spread, (2_000, passes)))
    assert np.mean([two_states(run) for run in runs.tolist()]) <= at_most


@pytest.mark.parametrize("name", HARD)
def test_too_few_starts_fail_where_they_met_no_trouble(name):
    """A mark makes no interval worse; what three starts did not meet nothing in them shows, and six do meet it."""
    world = next(each for each in worlds() if each.name == name)
    three, six = (seen(world, starts, trials=600) for starts in (3, 6))
    assert three.covered_if_marked > 91
    assert three.covered_if_not < 80
    assert six.marked > 89
    assert 91 < six.covered <= 99
