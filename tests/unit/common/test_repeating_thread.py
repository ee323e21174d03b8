"""A function called at intervals while a block runs."""

import threading
import time

import pytest

from batchscope.common.repeating_thread import repeating


def test_it_is_called_until_the_block_is_left() -> None:
    enough, calls = threading.Event(), []

    def act(done: threading.Event) -> None:
        calls.append(done)
        if len(calls) == 3:
            enough.set()

    with repeating(act, 0.01):
        assert calls == [], "first after one interval"
        assert enough.wait(10)
        assert not calls[0].is_set()
    assert calls[0].is_set()
    count = len(calls)
    time.sleep(0.05)
    assert len(calls) == count


def test_it_is_not_called_again_once_it_has_said_so() -> None:
    calls = []

    def act(done: threading.Event) -> None:
        calls.append(done)
        done.set()

    with repeating(act, 0.01):
        time.sleep(0.1)
    assert len(calls) == 1


def test_a_block_that_fails_ends_it_too() -> None:
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), repeating(lambda _: None, 0.01):
        1 / 0  # noqa: B018
    assert threading.active_count() == before
