"""NVML's clock event reasons: why a GPU's clock was lower than it could have been.

A sample's ``clock_event_reasons`` is a bit mask (nvml.h, nvmlClocksEventReasons).
"""

import math

import pandas as pd

APPLICATIONS_CLOCKS = 0x2
"""somebody fixed the clocks below the highest; they are then the device's own, and steady"""

POWER_CAP = 0x4
"""at the power limit: the normal state of a large GPU that multiplies large matrices"""

THROTTLED = {
    0x8: "hardware slowdown",
    0x20: "thermal slowdown by software",
    0x40: "thermal slowdown by hardware",
    0x80: "power brake",
}
"""Reasons that are a fault of the machine: too hot, or too little power."""


def share_of_samples(hardware: pd.DataFrame, reason: int) -> float:
    """Share of a run's GPU samples that name the reason; NaN where there is no such sample.

    Args:
        hardware: a run's samples, columns as `batchscope.common.schemas.HARDWARE`.
        reason: one bit of the mask.
    """
    if hardware.empty:
        return math.nan
    masks = [int(mask) for mask in hardware["clock_event_reasons"].dropna()]
    return sum(bool(mask & reason) for mask in masks) / len(masks) if masks else math.nan
