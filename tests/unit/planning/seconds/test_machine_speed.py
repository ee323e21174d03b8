"""The machine's speed, by real work."""

import time

from batchscope.planning.seconds.machine_speed import Speed, measure_speed, rates, this_machine


def test_time_in_which_others_compute_is_not_the_core_s() -> None:
    now, alone = rates(lambda: time.sleep(0.05), 0.2)
    assert now <= 20
    assert alone > 5 * now


def test_work_that_takes_longer_than_the_time_is_done_once() -> None:
    now, _ = rates(lambda: time.sleep(0.1), 0.01)
    assert now <= 10


def test_any_machine_has_a_speed() -> None:
    speed = measure_speed()
    assert 0.001 < speed.now <= speed.alone < 100


def test_predictions_are_made_for_the_speed_of_this_moment() -> None:
    """Not for that of a machine on which nothing else runs."""
    assert this_machine(Speed(now=0.5, alone=2.0)).speed == 0.5
