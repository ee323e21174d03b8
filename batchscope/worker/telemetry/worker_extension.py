"""What vLLM adds to its worker: it takes one class, so that it has the methods of all that counts there."""

from batchscope.worker.telemetry.shared_prefix import PrefixWatch
from batchscope.worker.telemetry.sparse_layers import SparseLayerCount

EXTENSION = f"{__name__}.WorkerExtension"
"""What ``worker_extension_cls`` is set to."""


class WorkerExtension(PrefixWatch, SparseLayerCount):
    """Methods for the engine's host to call by name."""
