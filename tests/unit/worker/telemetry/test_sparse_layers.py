"""Which count of several workers stands for an engine, and of which models it is asked."""

from types import SimpleNamespace

import pytest

from batchscope.config.model import ModelAsset
from batchscope.worker.telemetry.sparse_layers import METHOD, SparseLayerCount, count, is_wanted

ALL = {"linear": 128, "with_2_4_kernels": 128}
SOME = {"linear": 128, "with_2_4_kernels": 100}
NONE = {"linear": 128, "with_2_4_kernels": 0}


@pytest.mark.parametrize(
    ("workers", "told"), [([ALL], ALL), ([ALL, SOME], SOME), ([SOME, NONE, ALL], NONE), ([ALL, ALL], ALL)]
)
def test_the_worker_with_the_most_layers_without_them_stands_for_all(workers, told) -> None:
    asked: list[str] = []

    def collective_rpc(name: str) -> list[dict[str, int]]:
        asked.append(name)
        return workers

    assert count(SimpleNamespace(collective_rpc=collective_rpc)) == told
    assert asked == [METHOD]
    assert hasattr(SparseLayerCount, METHOD)


def test_it_is_asked_of_models_that_are_to_run_through_2_4_kernels_alone() -> None:
    plain = {"source": "hub", "id": "a/b"}
    for more, wanted in (
        ({}, False),
        ({"prune": "2:4"}, False),
        ({"prune": "2:4", "sparse_kernels": True}, True),
    ):
        assert is_wanted(ModelAsset.model_validate({**plain, **more}).model_dump()) is wanted
