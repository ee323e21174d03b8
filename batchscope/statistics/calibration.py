"""Whether answers are as often right as the model is sure of them; pure functions.

Confidence is the probability of the label that was answered, of either kind in docs/labels.md. Sources:
Naeini, Cooper and Hauskrecht, AAAI (2015), for the expected calibration error; Guo, Pleiss, Sun and
Weinberger, ICML (2017), for the reliability diagram.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from batchscope.statistics.resampling import Estimate, estimates
from batchscope.statistics.shares import Share, grouped_share

BINS = 10
"""Of equal width. A confidence on an edge belongs to the bin below it, as in both papers."""

Confidences = npt.NDArray[np.float64]
"""From 0 to 1, one an answer."""


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers of which the model was about equally sure."""

    low: float
    high: float
    confidence: float
    """mean of the bin's answers"""
    right: Share


@dataclass(frozen=True)
class Calibration:
    """How far confidence and accuracy are apart."""

    error: Estimate
    """expected calibration error, from 0 to 1"""
    confidence: float
    """mean of all answers"""
    bins: tuple[ReliabilityBin, ...]
    """those that hold answers, from low to high"""


def calibration(
    confidence: Confidences, right: npt.NDArray[np.bool_], prompts: npt.NDArray[np.int64]
) -> Calibration | None:
    """Calibration of answers whose right label and confidence are known; None where there are none.

    Args:
        confidence: of each answer.
        right: whether it is the right label.
        prompts: the prompt of each answer; whole prompts are resampled.
    """
    if not len(confidence):
        return None
    place = bin_of(confidence)
    (error,) = estimates(lambda weights: [calibration_error(confidence, right, weights)], prompts)
    bins = [
        ReliabilityBin(
            number / BINS,
            (number + 1) / BINS,
            float(confidence[place == number].mean()),
            grouped_share(right[place == number], prompts[place == number]),
        )
        for number in np.unique(place).tolist()
    ]
    return Calibration(error, float(confidence.mean()), tuple(bins))


def calibration_error(
    confidence: Confidences, right: npt.NDArray[np.bool_], weights: npt.NDArray[np.float64] | None = None
) -> float:
    """Mean distance of accuracy and confidence over bins, weighted by their answers; NaN without any."""
    weights = np.ones(len(confidence)) if weights is None else weights
    if not weights.sum():
        return float("nan")
    # in a bin: |right - confidence| x answers = |sum of the differences|
    apart = np.bincount(bin_of(confidence), weights=weights * (right - confidence), minlength=BINS)
    return float(np.abs(apart).sum() / weights.sum())


def bin_of(confidence: Confidences) -> npt.NDArray[np.int64]:
    """The bin of each confidence, from 0."""
    return np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
