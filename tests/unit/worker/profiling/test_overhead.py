"""What a profiler costs, from steps with and without it."""

import pytest

from batchscope.worker.profiling.overhead import Window, describe


def rows(*finished: float) -> list[dict]:
    return [{"scheduled_s": end - 0.5, "finished_s": end} for end in finished]


def test_overhead_is_of_steps_without_the_profilers_start_and_stop() -> None:
    plain = [({"seconds": 8.0}, rows(*range(1, 9)))] * 2
    profiled = (
        {"seconds": 12.0},
        rows(1, 2, 5, 6.5, 8, 9.5, 14, 15),
    )  # starts inside step 2, stops in step 6
    found = describe(plain, profiled, Window(skip=2, steps=4))
    assert found["compared_steps"] == 2
    assert found["seconds_without"] == [2, 2]
    assert found["seconds_with"] == 3
    assert found["overhead"] == pytest.approx(0.5)


def test_a_window_of_few_steps_has_no_overhead() -> None:
    found = describe([({"seconds": 1.0}, rows(1, 2))], ({"seconds": 1.0}, rows(1, 2)), Window(0, 2))
    assert found["overhead"] is None
    assert found["compared_steps"] == 0
