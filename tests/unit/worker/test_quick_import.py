"""Garbage collection stands still in the block, and goes on after it, however it ends."""

import gc

import pytest

from batchscope.worker.quick_import import without_collection


def test_collection_stands_still_and_goes_on():
    with without_collection():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    with pytest.raises(ImportError), without_collection():
        raise ImportError
    assert gc.isenabled()
