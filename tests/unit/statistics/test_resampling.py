"""Intervals of figures over prompts that are drawn with replacement."""

import math

import numpy as np
import pytest

from batchscope.statistics.resampling import ENOUGH_PROMPTS, estimates, resampled_interval


def test_the_interval_of_a_mean_is_that_of_the_mean():
    """The same figure, by both ways."""
    rng = np.random.default_rng(1)
    values, prompts = rng.normal(size=600), np.repeat(np.arange(60), 10)
    sums = np.bincount(prompts, weights=values)
    low, high = resampled_interval(sums, np.full(60, 10.0))
    (found,) = estimates(lambda weights: [float(np.average(values, weights=weights))], prompts)
    assert found.value == pytest.approx(values.mean())
    assert found.interval == pytest.approx((low, high), abs=0.015)


def test_whole_prompts_are_drawn():
    values, prompts = np.repeat([0.0, 1.0], 200), np.repeat(np.arange(40), 10)
    alike = estimates(lambda weights: [float(np.average(values, weights=weights))], prompts)[0]
    mixed = estimates(
        lambda weights: [float(np.average(np.tile([0.0, 1.0], 200), weights=weights))], prompts
    )[0]
    assert np.diff(alike.interval)[0] > 0.25
    assert mixed.interval == pytest.approx((0.5, 0.5))


def test_few_prompts_and_undefined_figures_have_no_interval():
    def figures(weights):
        return [float(weights.sum()), math.nan]

    few = estimates(figures, np.arange(ENOUGH_PROMPTS - 1))
    assert [each.interval for each in few] == [None, None]
    enough, undefined = estimates(figures, np.arange(ENOUGH_PROMPTS))
    assert enough.interval == (10.0, 10.0)
    assert undefined.interval is None
