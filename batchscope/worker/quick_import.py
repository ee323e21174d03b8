"""Imports of vLLM without garbage collection."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """No garbage collection in this block: vLLM's import makes a million objects, all of which stay.

    Looking through them again and again takes a tenth of the import. Nor are they looked through later: vLLM
    collects twice in each of its processes, where that would take a second, and copy what copies share.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
