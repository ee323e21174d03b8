"""The machine's speed, by real work."""

import time

from batchscope.planning.machine_speed import measure_speed, rate


def test_twice_the_work_is_done_half_as_often() -> None:
    once = rate(lambda: time.sleep(0.02), 0.2)
    assert 1.7 < once / rate(lambda: time.sleep(0.04), 0.2) < 2.3


def test_work_that_takes_longer_than_the_time_is_done_once() -> None:
    assert 5 < rate(lambda: time.sleep(0.1), 0.01) <= 10


def test_any_machine_has_a_speed() -> None:
    assert 0.001 < measure_speed() < 100
