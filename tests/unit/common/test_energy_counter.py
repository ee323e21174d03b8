"""Energy of a window, from a counter that goes on before and after."""

import pytest

from batchscope.common.energy_counter import energy_between


def counter(gpu: int, watts: float, *times: float) -> list[tuple[int, float, float]]:
    return [(gpu, time, 1_000 + watts * time) for time in times]


def test_what_was_taken_before_and_after_is_not_counted() -> None:
    readings = counter(0, 700, -3.5, -0.01, 0.1, 1.0, 2.0, 3.0, 3.4, 9.0)
    assert energy_between(readings, 0.0, 3.3) == pytest.approx(700 * 3.3)


def test_idle_before_the_load_costs_it_nothing() -> None:
    readings = [(0, -4.0, 0.0), (0, 0.0, 400.0), (0, 4.0, 3200.0)]
    assert energy_between(readings, 0.0, 4.0) == 2800.0


def test_gpus_are_added_up_in_whatever_order_they_were_read() -> None:
    readings = [*counter(1, 100, 4.0, -1.0), *counter(0, 300, -1.0, 4.0)]
    assert energy_between(readings, 0.0, 2.0) == pytest.approx(800)


@pytest.mark.parametrize(("readings", "end"), [([], 10.0), (counter(0, 700, 0.0, 5.0), 1.9)])
def test_none_without_a_counter_and_for_short_windows(readings: list, end: float) -> None:
    assert energy_between(readings, 0.0, end) is None


def test_readings_that_end_early_are_all_there_is() -> None:
    assert energy_between(counter(0, 100, 1.0, 3.0), 0.0, 4.0) == pytest.approx(200)
