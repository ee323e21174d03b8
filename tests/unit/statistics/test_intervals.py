"""Intervals, ratios and trends: SciPy's, and by simulation their coverage of the truth."""

import math

import numpy as np
import pytest
import scipy.stats
from support.simulation import CVS, NOISE, covered, plain, ratio_coverage, run_all, seconds

from batchscope.statistics import intervals as stats

A = (1.02, 0.97, 1.05, 1.01, 0.99)

B = (1.31, 1.22, 1.27, 1.25)


def bounds(found):
    return [found.low, found.middle, found.high]


@pytest.mark.parametrize("level", [0.9, 0.95, 0.985])
@pytest.mark.parametrize("values", [A, B, (3.0, 4.0)])
def test_half_width_is_that_of_scipy(values, level):
    low, high = scipy.stats.t.interval(level, len(values) - 1, np.mean(values), scipy.stats.sem(values))
    assert stats.half_width(values, level) == pytest.approx((high - low) / 2)


@pytest.mark.parametrize("ending", ["fixed", "first", "between", "last"])
def test_interval_is_scipys_on_logarithms(ending):
    logs = np.log(A)
    wanted = scipy.stats.t.interval(stats.LEVELS[ending], 4, logs.mean(), scipy.stats.sem(logs))
    found = stats.interval(stats.sample(A, ending))
    assert bounds(found) == pytest.approx([math.exp(wanted[0]), scipy.stats.gmean(A), math.exp(wanted[1])])


def test_interval_of_a_rate_is_that_of_its_seconds_turned_over():
    times, rates = stats.interval(stats.sample(A)), stats.interval(stats.sample([40 / each for each in A]))
    assert bounds(rates) == pytest.approx([40 / times.high, 40 / times.middle, 40 / times.low])


@pytest.mark.parametrize(("a", "b", "level"), [("fixed", "fixed", 0.95), ("first", "between", 0.985)])
def test_ratio_is_welchs(a, b, level):
    test = scipy.stats.ttest_ind(np.log(A), np.log(B), equal_var=False)
    low, high = test.confidence_interval(level)
    found = stats.ratio(stats.sample(A, a), stats.sample(B, b))
    assert [found.low, found.high] == pytest.approx([math.exp(low), math.exp(high)])
    assert found.middle == pytest.approx(scipy.stats.gmean(A) / scipy.stats.gmean(B))


def test_paired_ratio_is_the_t_interval_of_scipy():
    low, high = scipy.stats.ttest_rel(np.log(A[:4]), np.log(B)).confidence_interval(0.95)
    found = stats.paired_ratio(A[:4], B)
    assert [found.low, found.high] == pytest.approx([math.exp(low), math.exp(high)])


def test_pairs_cancel_what_drifts():
    drift = np.linspace(1, 1.5, 8)
    noise = np.random.default_rng(0).normal(1, 0.002, (2, 8))
    found = stats.paired_ratio(1.03 * drift * noise[0], drift * noise[1])
    apart = stats.ratio(stats.sample(1.03 * drift * noise[0]), stats.sample(drift * noise[1]))
    assert found.low > 1.02
    assert apart.low < 1 < apart.high


def test_repeats_that_are_equal_have_no_width():
    same = stats.sample((2.0, 2.0, 2.0))
    assert bounds(stats.interval(same)) == pytest.approx([2, 2, 2])
    assert bounds(stats.ratio(same, stats.sample((1.0, 1.0, 1.0)))) == pytest.approx([2, 2, 2])


@pytest.mark.parametrize("values", [(), (1.0,), (1.0, 1.1), (1.0, 0.0, 1.0)])
def test_too_little_for_an_interval(values):
    assert stats.sample(values) is None


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((6.9, 6.4, 6.0, 5.4, 5.0, 4.7), True),
        ((1.0, 1.1, 1.2, 1.3, 1.4), True),
        ((1.0, 1.1, 1.2), False),  # three fall in order by chance one time in three
        ((1.0, 1.001, 1.002, 1.003, 1.004, 1.005), False),  # too little to matter
        ((1.0, 1.2, 0.9, 1.1, 1.0, 1.3), False),
        ((1.0,) * 6, False),
        ((), False),
    ],
)
def test_trends(values, found):
    assert stats.trends(values) is found


def test_noise_is_seldom_taken_for_a_trend():
    times = seconds("normal", 0.03, (500, 8), seed=16).tolist()
    assert sum(map(stats.trends, times)) <= 0.03 * len(times)


@pytest.mark.parametrize(
    ("reason", "count", "ending"),
    [
        (None, 3, "fixed"),
        ("repeats", 5, "fixed"),
        ("precision", 3, "first"),
        ("precision", 4, "between"),
        ("cap", 10, "last"),
        ("budget", 3, "last"),
    ],
)
def test_the_ending_follows_from_the_reason(reason, count, ending):
    assert stats.ending_of(reason, count, first=3) == ending


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("cv", CVS)
def test_intervals_cover_the_truth_stop_rule_included(noise, cv):
    ended = run_all(seconds(noise, cv, (2_000, 10), seed=round(1e4 * cv)))
    assert 93 <= covered(ended.mean, ended.half) <= 97


@pytest.mark.parametrize(
    ("first", "cap", "budget"),
    [(3, 4, math.inf), (3, 20, math.inf), (3, 50, math.inf), (5, 10, math.inf), (3, 10, 4.5), (3, 10, 2)],
)
def test_other_protocols_cover_too(first, cap, budget):
    for noise in NOISE:
        for cv in CVS:
            ended = run_all(seconds(noise, cv, (10_000, cap), seed=12), first, cap, budget)
            assert 94 <= covered(ended.mean, ended.half) <= 97, (noise, cv)


def test_ratios_cover_too():
    runs = [[run_all(seconds("lognormal", cv, (10_000, 10), seed)) for cv in CVS] for seed in (13, 14)]
    shares = [ratio_coverage(a, b) for a in runs[0] for b in runs[1]]
    assert min(shares) > 92.5
    assert max(shares) < 98


def test_without_the_correction_peeking_costs_coverage():
    assert plain(seconds("normal", 0.03, (20_000, 10), seed=15))[0] < 92
