"""Probes of the hardware."""

import time

import pytest

from batchscope.common.energy_counter import energy_between
from batchscope.common.schemas import Sample
from batchscope.worker.telemetry import gpus, hardware
from batchscope.worker.telemetry.hardware import energy, energy_readings, make_probe, sampling, users_before


def test_a_gpu_without_nvml_is_measured_without_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (hardware, gpus):
        monkeypatch.setattr(module, "open_nvml", lambda: None)
    assert users_before("cuda") == set()
    samples: list[Sample] = []
    with sampling(make_probe("cuda", set()), samples):
        time.sleep(0.01)
    assert samples == []
    assert energy(samples, 10) is None
    assert make_probe("cuda", set()).computing() is None


@pytest.mark.parametrize(
    ("counters", "joules"), [([(0, 5.0), (0, 25.0)], 20), ([(0, None), (0, None)], None), ([], None)]
)
def test_energy_where_a_gpu_counts_it(counters: list[tuple[int, float | None]], joules: float | None) -> None:
    samples: list[Sample] = [{"gpu": gpu, "energy_j": counter} for gpu, counter in counters]
    assert energy(samples, 10) == joules


def test_energy_of_a_load_leaves_out_what_was_taken_before_it() -> None:
    """Sampling begins seconds before the first request is sent."""
    samples: list[Sample] = [
        {"gpu": gpu, "time_s": 100 + second, "energy_j": 700.0 * second}
        for second in range(8)
        for gpu in (0, 1)
    ]
    samples.append({"gpu": 2, "time_s": 100, "energy_j": None})
    assert energy_between(energy_readings(samples), 103, 106) == 2 * 3 * 700
    assert energy(samples, 7) == 2 * 7 * 700
