"""The one class that vLLM adds to its worker."""

import importlib

from batchscope.worker.telemetry.shared_prefix import PrefixWatch
from batchscope.worker.telemetry.sparse_layers import SparseLayerCount
from batchscope.worker.telemetry.worker_extension import EXTENSION, WorkerExtension


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("__")}


def test_vllm_finds_it_by_its_name() -> None:
    module, _, name = EXTENSION.rpartition(".")
    assert getattr(importlib.import_module(module), name) is WorkerExtension


def test_it_has_the_methods_of_both_counts_and_no_name_that_a_worker_has() -> None:
    assert public(WorkerExtension) == public(PrefixWatch) | public(SparseLayerCount)
    assert public(WorkerExtension) == {"watch_shared_prefix", "take_shared_prefix", "count_sparse_layers"}
