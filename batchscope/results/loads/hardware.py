"""A load point's hardware while its load lasted; samples begin before the first request, and end after it."""

from typing import TypeVar

import pandas as pd

from batchscope.common.energy_counter import energy_between
from batchscope.results.records import Measurement

Kind = TypeVar("Kind", bound=Measurement)


def samples_during(hardware: pd.DataFrame, end: float | None) -> pd.DataFrame:
    """The samples from the first request's sending, at 0, to the last answer; without any, those beside it.

    Args:
        hardware: columns of `batchscope.common.schemas.HARDWARE`; may be empty.
        end: seconds at which the last answer came; None: none came.
    """
    if hardware.empty or end is None:
        return hardware
    during = hardware[hardware["time_s"].between(0, end)]
    if not during.empty:
        return during
    before = hardware.loc[hardware["time_s"] < 0, "time_s"].max()
    after = hardware.loc[hardware["time_s"] > end, "time_s"].min()
    return hardware[hardware["time_s"].isin([before, after])]


def with_energy_of_load(served: Kind, hardware: pd.DataFrame, end: float | None) -> Kind:
    """The measurement with the joules of its load alone; those in older files are of all samples."""
    if not served.repeats:
        return served
    energy = None if end is None else energy_during(hardware, end)
    first, *others = served.repeats
    return served.model_copy(update={"repeats": (first.model_copy(update={"energy_j": energy}), *others)})


def energy_during(hardware: pd.DataFrame, end: float) -> float | None:
    """Joules from the first request's sending, at 0, to the last answer; None where they are not known."""
    read = hardware.dropna(subset=["energy_j", "gpu"])
    columns = (read["gpu"].astype(int), read["time_s"].astype(float), read["energy_j"].astype(float))
    return energy_between(zip(*columns, strict=True), 0.0, end)
