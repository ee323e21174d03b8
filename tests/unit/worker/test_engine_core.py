"""Which workers can begin as a copy of the engine core."""

import pytest

from batchscope.worker.engine_core import core_of_one_thread


@pytest.mark.parametrize(
    ("threads", "cores", "found"),
    [
        ("1", "3", 3),
        ("2", "3 4", None),
        ("1", "3 4", None),
        ("1", "0-1", None),
        ("1", "", None),
        ("", "3", None),
    ],
)
def test_only_one_thread_on_one_core_needs_no_new_interpreter(threads, cores, found):
    assert core_of_one_thread({"OMP_NUM_THREADS": threads, "GOMP_CPU_AFFINITY": cores}) == found
    assert core_of_one_thread({}) is None
