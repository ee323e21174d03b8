"""What a load point's hardware did while its load lasted: all of the reference's, by a count of its own."""

import json
from pathlib import Path

import pandas as pd
import pytest
from support.project import ROOT

from batchscope.common.schemas import HARDWARE
from batchscope.results.loads.hardware import samples_during
from batchscope.results.loads.points import load_point

POINTS = sorted((ROOT / "docs" / "reference" / "h100" / "serving").glob("*/*"))


def by_hand(folder: Path) -> float:
    """Joules from the first sending to the last answer: the counter's two readings around each end, in proportion."""
    hardware, client = (pd.read_parquet(folder / f"{name}.parquet") for name in ("hardware", "client"))

    def at(moment: float) -> float:
        before = hardware[hardware["time_s"] <= moment].iloc[-1]
        after = hardware[hardware["time_s"] > moment].iloc[0]
        share = (moment - before["time_s"]) / (after["time_s"] - before["time_s"])
        return before["energy_j"] + share * (after["energy_j"] - before["energy_j"])

    return at((client["sent_s"] + client["e2el_s"]).max()) - at(0.0)


def test_there_are_load_points() -> None:
    assert len(POINTS) == 19


@pytest.mark.parametrize("folder", POINTS, ids=lambda each: each.name)
def test_energy_is_that_of_the_load_alone(folder: Path) -> None:
    point = load_point(folder)
    found = point.served.repeats[0].energy_j
    assert found == pytest.approx(by_hand(folder), rel=1e-6)
    kept = json.loads((folder / "measurement.json").read_text())["repeats"][0]["energy_j"]
    assert 1.03 < kept / found < 1.36, "of all samples, as it was kept"
    assert point.run.measurement.repeats[0].energy_j == found
    assert point.run.hardware["time_s"].between(0, point.served.repeats[0].seconds).all()


def sampled(*times: float) -> pd.DataFrame:
    return pd.DataFrame([{"time_s": time} for time in times], columns=HARDWARE.names)


def test_samples_of_a_load_shorter_than_they_are_apart_are_those_beside_it() -> None:
    hardware = sampled(-3.0, -0.05, 0.07, 0.2)
    assert samples_during(hardware, 0.01)["time_s"].tolist() == [-0.05, 0.07]
    assert samples_during(hardware, 0.1)["time_s"].tolist() == [0.07]


def test_without_samples_or_answers_nothing_is_left_out() -> None:
    assert samples_during(sampled(), 1.0).empty
    assert len(samples_during(sampled(-1.0, 1.0), None)) == 2
