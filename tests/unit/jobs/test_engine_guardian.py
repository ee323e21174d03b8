"""The cores that an engine on CPU is held on."""

import os

import pytest

from batchscope.common.errors import UserError
from batchscope.jobs.engine_guardian import bind


def test_cores_that_this_machine_does_not_give_are_named_and_nothing_is_changed() -> None:
    before = os.sched_getaffinity(0)
    with pytest.raises(
        UserError, match=r"core_sets: this process may have none of the cores \[1023\]; it has "
    ):
        bind(os.getpid(), {1023})
    bind(os.getpid(), set())
    assert os.sched_getaffinity(0) == before
