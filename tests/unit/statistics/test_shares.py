"""Shares and their intervals: SciPy's and Newcombe's, and of observations that come in groups."""

import numpy as np
import pytest
from scipy.stats import binomtest

from batchscope.statistics.shares import grouped_share, share


def test_wilson_is_scipys_and_newcombes():
    assert (share(81, 263).low, share(81, 263).high) == pytest.approx(
        (0.2553, 0.3662), abs=5e-5
    )  # Newcombe, 1998
    for count, total in ((0, 20), (20, 20), (7, 9), (1, 1)):
        expected = binomtest(count, total).proportion_ci(method="wilson")
        assert (share(count, total).low, share(count, total).high) == pytest.approx(
            (expected.low, expected.high), abs=1e-12
        )


def test_each_in_a_group_of_its_own_is_independent():
    hits = np.array([True, False, True, True])
    assert grouped_share(hits, np.arange(4)) == share(3, 4)


def test_groups_that_are_all_alike_are_as_wide_as_so_many_observations():
    """40 groups of 10, each right or wrong as a whole, tell what 40 observations tell, or a little less."""
    hits = np.repeat(np.arange(40) % 4 > 0, 10)
    found, alone = grouped_share(hits, np.repeat(np.arange(40), 10)), share(30, 40)
    assert (found.count, found.total) == (300, 400)
    assert found.low < alone.low < alone.high < found.high
    assert found.high - found.low == pytest.approx(alone.high - alone.low, rel=0.06)


def test_groups_that_are_not_alike_are_hardly_wider():
    hits = np.tile(np.arange(10) % 4 > 0, 40)  # the same share in each
    found, alone = grouped_share(hits, np.repeat(np.arange(40), 10)), share(int(hits.sum()), 400)
    assert found.high - found.low == pytest.approx(alone.high - alone.low, rel=0.06)
    assert found.high - found.low >= alone.high - alone.low


def test_one_group_is_one_observation():
    found = grouped_share(np.ones(50, dtype=bool), np.zeros(50, dtype=int))
    assert (found.low, found.high) == pytest.approx((share(1, 1).low, 1.0))


@pytest.mark.parametrize("n", [4, 20])
def test_the_interval_covers_the_truth(n):
    """Prompts of n texts, of which a share is wrong as a whole behind some place."""
    rng, prompts, runs, hits = np.random.default_rng(0), 60, 400, 0
    groups = np.repeat(np.arange(prompts), n)
    place = np.arange(n)
    chance = np.mean([np.where(place < start, 0.9, 0.5).mean() for start in range(n)])
    truth = 0.7 * 0.9 + 0.3 * chance
    for _ in range(runs):
        start = np.where(rng.random(prompts) < 0.3, rng.integers(0, n, prompts), n)
        right = rng.random((prompts, n)) < np.where(place < start[:, None], 0.9, 0.5)
        found = grouped_share(right.ravel(), groups)
        hits += found.low <= truth <= found.high
    assert 0.93 <= hits / runs <= 0.985
