"""Which runs are profiled."""

import pytest

from batchscope.common.errors import UserError
from batchscope.profiling.profiled_runs import profiled_runs


def test_runs_to_profile() -> None:
    known = ["saturation/packed-n4", "saturation/packed-n40", "saturation/separate-n1"]
    assert profiled_runs(None, known) == ["saturation/packed-n4", "saturation/separate-n1"]
    assert profiled_runs(None, ["a/b"]) == []
    assert profiled_runs(["saturation/packed-n40"] * 2, known) == ["saturation/packed-n40"]
    with pytest.raises(
        UserError, match=r"no run 'saturation/paked-n40'; there are .*; did you mean 'saturation/packed-n40'"
    ):
        profiled_runs(["saturation/paked-n40"], known)
