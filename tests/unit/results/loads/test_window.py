"""Ramp, steady window and drain of a load."""

import numpy as np
import pytest
from support.queues import client, closed_loop, even, poisson
from support.serving_helpers import requests

from batchscope.results.loads.window import (
    answered,
    ends_of,
    last_answer,
    mean_under_way,
    most_under_way,
    steady_window,
)


@pytest.mark.parametrize("under_way", [1, 4, 16, 64])
def test_ten_times_the_requests_under_way_leave_a_window(under_way: int) -> None:
    rows = client(*closed_loop(np.random.default_rng(0), under_way, max(100, 10 * under_way)))
    window = steady_window(rows)
    assert most_under_way(rows) == under_way
    assert mean_under_way(rows, window) == pytest.approx(under_way, rel=0.05)
    assert len(window.answered) >= 0.75 * (len(rows) - under_way)
    ends = ends_of(answered(rows))
    assert window.start == ends[under_way - 1]
    assert window.end == ends[ends <= rows["sent_s"].max()][-1]
    assert (ends > window.end).sum() <= under_way, "the drain"


def test_a_burst_at_the_start_is_in_no_steady_figure() -> None:
    """A thousand at once, and then one after the other: only the latter are steady."""
    rng = np.random.default_rng(0)
    burst, calm = np.zeros(50), 5 + poisson(rng, 20, 400)
    sent = np.concatenate([burst, calm])
    rows = client(sent, even(rng, sent))
    assert steady_window(rows).answered["sent_s"].min() > 1
    assert steady_window(rows).answered["ttft_s"].max() < 0.1


def test_all_at_once_and_short_loads_have_none() -> None:
    at_once = client(np.zeros(200), np.arange(1, 201) / 100)
    assert most_under_way(at_once) == 200
    assert steady_window(at_once) is None
    assert steady_window(client(*closed_loop(np.random.default_rng(0), 64, 130))) is None
    assert steady_window(requests()) is None


def test_an_answer_and_the_next_request_are_not_under_way_together() -> None:
    rows = client(np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]))
    assert most_under_way(rows) == 1


def test_failed_requests_are_left_out() -> None:
    rows = requests((1, 0.1, []), (0, None, []), (1, 0.3, []), sent=1.0)
    assert most_under_way(rows) == 1
    assert last_answer(rows) == pytest.approx(2.3)
    assert last_answer(requests((0, None, []))) is None
