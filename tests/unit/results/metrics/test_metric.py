"""A metric over a run's repeats, and in a cell."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from batchscope.results.metrics.metric import Column, Metric, summarise


def test_summary_is_the_mean_that_the_interval_is_around():
    found = summarise([3.0, 1.0, 2.5, 9.0])
    assert found is not None
    assert found.middle == pytest.approx(scipy.stats.gmean([3.0, 1.0, 2.5, 9.0]))
    assert found.middle == pytest.approx(found.interval.middle)
    low, high = scipy.stats.t.interval(0.95, 3, *log_mean_and_error([3.0, 1.0, 2.5, 9.0]))
    assert (found.interval.low, found.interval.high) == pytest.approx((math.exp(low), math.exp(high)))
    assert summarise([]) is None
    assert summarise([1.0, 2.0]).interval is None, "two repeats are too few for an interval"
    assert summarise([0.0, 1.0, 2.0]).interval is None, "there is no logarithm of 0"
    assert summarise([0.0, 1.0, 2.0]).middle == 1
    assert summarise([1.0, 4.0]).middle == pytest.approx(2)


def log_mean_and_error(values):
    logs = np.log(values)
    return logs.mean(), scipy.stats.sem(logs)


def metric(column):
    return Metric("m", "M", "m/s", "one", "a test", lambda run, repeat: 1.0, column=column)


@pytest.mark.parametrize(
    ("column", "values", "text"),
    [
        (Column(1, "m/s"), (1234.567, 1234.5, 1234.6), "1,234.57"),
        (Column(1, "m/s"), (1234.567, 1.0, 2000.0), "1,235"),
        (Column(1, "m/s", interval=True), (1234.567, 1.0, 2000.0), "1,235 (1 to 2,000)"),
        (Column(1, "m/s", interval=True), (131.06, 129.7, 132.7), "131.1 (129.7 to 132.7)"),
        (Column(1, "m/s", interval=True), (29.397, 29.38, 29.42), "29.40 (29.38 to 29.42)"),
        (Column(1, "m/s", interval=True), (2.0, 2.0, 2.0), "2.00 (2.00 to 2.00)"),
        (Column(1, "m/s", interval=True), (5.0, math.nan, math.nan), "5.00"),
        (Column(1, "m/s", interval=True), (math.nan, math.nan, math.nan), ""),
        (Column(1, "m (%)", digits=1, percent=True), (0.4567, 0.45, 0.46), "45.7"),
        (Column(1, "m (%)", digits=1, percent=True), (0.4567, 0.1, 0.9), "46"),
        (Column(1, "m/s", digits=0), (9.6, 9.0, 10.0), "10"),
        (None, (1.0, 1.0, 1.0), ""),
    ],
)
def test_a_cell_has_the_digits_and_the_interval_of_its_column(column, values, text):
    run = pd.Series(dict(zip(("m", "m_low", "m_high"), values, strict=True)))
    assert metric(column).cell(run) == text
