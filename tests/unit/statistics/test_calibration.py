"""Calibration, computed directly from the definition, and scikit-learn's reliability curve."""

import math

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from batchscope.statistics.calibration import BINS, bin_of, calibration, calibration_error
from batchscope.statistics.shares import share


def sure(seed, answers, bias=0.0):
    """Confidences, and whether answers are right: as often as they are sure, less the bias."""
    rng = np.random.default_rng(seed)
    confidence = rng.beta(4, 1.5, answers)
    return confidence, rng.random(answers) < confidence - bias


@pytest.mark.parametrize(
    ("seed", "answers", "bias"), [(0, 1000, 0.0), (1, 300, 0.2), (2, 7, 0.0), (3, 1, 0.0)]
)
def test_the_error_is_its_definition(seed, answers, bias):
    confidence, right = sure(seed, answers, bias)
    direct = 0.0
    for number in range(BINS):
        inside = (confidence > number / BINS) & (confidence <= (number + 1) / BINS)
        if inside.any():
            direct += inside.sum() / answers * abs(right[inside].mean() - confidence[inside].mean())
    assert calibration_error(confidence, right) == pytest.approx(direct)


def test_the_bins_are_scikit_learns():
    confidence, right = sure(4, 2000, 0.1)
    found = calibration(confidence, right, np.arange(2000))
    of_right, mean = calibration_curve(right, confidence, n_bins=BINS)
    assert [each.right.value for each in found.bins] == pytest.approx(of_right.tolist())
    assert [each.confidence for each in found.bins] == pytest.approx(mean.tolist())
    first = found.bins[0]
    assert first.right == share(first.right.count, first.right.total)
    assert sum(each.right.total for each in found.bins) == 2000


def test_the_error_of_a_bias_is_the_bias():
    found = calibration(*sure(5, 4000, 0.15), np.repeat(np.arange(400), 10))
    assert found.error.value == pytest.approx(0.15, abs=0.03)
    low, high = found.error.interval
    assert low < found.error.value < high < low + 0.1


def test_edges_belong_to_the_bin_below():
    assert bin_of(np.array([0.0, 0.05, 0.1, 0.11, 0.5, 0.95, 1.0])).tolist() == [0, 0, 0, 1, 4, 9, 9]


def test_no_answers():
    assert calibration(np.array([]), np.array([], dtype=bool), np.array([], dtype=int)) is None
    assert math.isnan(calibration_error(np.array([]), np.array([], dtype=bool)))
