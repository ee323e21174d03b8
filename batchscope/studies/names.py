"""Names of runs: short, legal as folders, and unique within a study."""

import re

from batchscope.config.workload import Workload
from batchscope.studies.axes import Point

SHORT_LABELS = {
    "max_num_batched_tokens": "batched",
    "max_num_seqs": "seqs",
    "max_model_len": "context",
    "reviews": "r",
    "duplicates": "x",
    "tensor_parallel_size": "tp",
    "environment": "",
    "model": "",
    "quantization": "",
    "max_concurrency": "c",
    "request_rate": "rate",
    "requests": "req",
}
"""How run names shorten long axes; other axes appear as ``key-value``."""


def run_name(values: Point, point: Point, default: Workload) -> str:
    """Layout and n, then every other axis of the point: ``packed-n4-batched80000``."""
    layout, n = values.get("layout", default.layout), values.get("n", default.n)
    parts = [f"{layout}-n{n}"]
    for key, value in point.items():
        if key not in ("layout", "n"):
            label = key.rpartition(".")[2]
            parts.append(f"{SHORT_LABELS.get(label, label + '-')}{'default' if value is None else value}")
    return re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join(parts))
