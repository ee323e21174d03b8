"""Probes of the hardware."""

import time

import pytest

from batchscope.common.schemas import Sample
from batchscope.worker.telemetry import gpus, hardware
from batchscope.worker.telemetry.hardware import energy, make_probe, sampling, users_before


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
