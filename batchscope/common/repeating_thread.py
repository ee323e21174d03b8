"""Calling a function at regular intervals, in a thread, while a block of code runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(act: Callable[[threading.Event], None], interval_s: float) -> Iterator[None]:
    """Call ``act`` in another thread until the block is left, for the first time after one interval.

    Args:
        act: gets an event that is set once the block is left. It may set the event itself, and is then not
            called again.
        interval_s: seconds between the end of a call and the start of the next.
    """
    done = threading.Event()

    def until_done() -> None:
        while not done.wait(interval_s):
            act(done)

    thread = threading.Thread(target=until_done, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
