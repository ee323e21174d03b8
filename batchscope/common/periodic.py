"""Something done every so often while something else goes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(act: Callable[[threading.Event], None], interval_s: float) -> Iterator[None]:
    """Call ``act`` in another thread, first after one interval, until the block is left.

    The event is set once the block is left; ``act`` may set it too, and is then not called again.
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
