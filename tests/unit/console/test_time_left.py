"""Time left: by predicted seconds, corrected by what was measured."""

from collections import Counter

import pytest

from batchscope.console.knowledge import Prediction
from batchscope.console.time_left import STEP_S, TimeLeft


def two_engines(**steps: int) -> TimeLeft:
    runs = {
        "a/1": Prediction(10, "one", 30),
        "a/2": Prediction(50, "one", 30),
        "b/1": Prediction(60, "two", 40),
    }
    return TimeLeft(runs, Counter(steps))


def test_all_runs_and_each_engine_s_start_once() -> None:
    assert two_engines().left(0) == 10 + 50 + 60 + 30 + 40
    assert two_engines(make_tables=2).left(0) == 190 + 2 * STEP_S


def test_a_run_that_takes_as_long_as_predicted_leaves_the_others() -> None:
    time = two_engines()
    time.begin("a/1", 100)
    assert time.left(120) == 170
    time.end("a/1", "measure", 140)
    assert (time.left(140), time.ended) == (150, {"a/1"})
    assert time.share(140) == pytest.approx(40 / 190)


def test_runs_that_take_twice_as_long_correct_the_others() -> None:
    time = two_engines()
    time.begin("a/1", 0)
    time.end("a/1", "measure", 80)
    assert time.factor == pytest.approx(140 / 100)
    assert time.left(80) == pytest.approx(1.4 * 150)


def test_a_late_run_never_makes_time_negative() -> None:
    time = two_engines()
    for name in time.runs:
        time.begin(name, 0)
    assert time.left(1e6) == 0
    assert time.share(1e6) == 1


def test_two_at_once_take_half_as_long() -> None:
    time = two_engines()
    time.begin("a/1", 0)
    time.begin("b/1", 0)
    assert time.left(0) == 190 / 2


def test_an_allocation_s_runs_begin_and_end_together() -> None:
    time = two_engines()
    time.begin("a/1", 0)
    time.begin("a/2", 0)
    assert time.left(10) == 180
    time.end("a/1", "measure", 90)
    time.end("a/2", "measure", 90)
    assert (time.taken, time.predicted, time.left(90)) == (90, 90, 100)


def test_other_steps_are_weighed_by_those_of_their_rule() -> None:
    time = TimeLeft({}, Counter(report_timeline=3))
    assert time.share(0) == 0
    time.begin("report_timeline a", 0)
    time.end("report_timeline a", "report_timeline", 20)
    assert time.left(20) == 40
    assert time.share(20) == pytest.approx(1 / 3)


def test_nothing_to_do_is_all_done() -> None:
    assert TimeLeft({}, Counter()).share(0) == 1
