"""2:4 weights: through which kernels they ran, and a gate for those that were to run through 2:4 kernels."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from batchscope.results.records import Measurement, RunRecord

DENSE_KERNELS = "as-dense"
"""Of 2:4 weights: the engine multiplies their zeros as well."""


def sparsity_cells(run: Measurement) -> dict[str, Any]:
    """How 2:4 weights are multiplied, as cells of a run's row; none where a run has no such weights.

    ``sparse_layers``, the layers that have 2:4 kernels, is there only where they were counted.
    """
    model, counts = run.spec.model, run.engine.sparse_layers
    if not model.pattern:
        return {}
    how = f"{model.pattern} kernels" if model.sparse_kernels else DENSE_KERNELS
    counted = {"sparse_layers": counts["with_2_4_kernels"]} if counts else {}
    return {"sparsity": f"{model.pattern}, {how}", **counted}


def runs_with_2_4_kernels(row: "pd.Series[Any]") -> bool:
    """Whether a run was to have 2:4 kernels, by its row."""
    said = row.get("sparsity")  # null, or no column at all, where weights are not 2:4
    return isinstance(said, str) and DENSE_KERNELS not in said


def sparse_kernels(run: RunRecord) -> Iterator[str]:
    """2:4 kernels were asked for, and not all linear layers have them: vLLM falls back without a word.

    Silent where nobody counted, as in files from before there was a count; the study's page then says so.
    """
    counts = run.measurement.engine.sparse_layers
    if not (run.measurement.spec.model.sparse_kernels and counts):
        return
    layers, sparse = counts["linear"], counts["with_2_4_kernels"]
    if not layers:
        yield "no linear layer was found in the engine's model, so none has 2:4 kernels"
    elif sparse < layers:
        yield (
            f"{sparse:,} of {layers:,} linear layers have 2:4 kernels, and the others multiply every zero: "
            "vLLM did not match them with quantization_config.sparsity_config of config.json; drop "
            "sparse_kernels to measure this model as one of dense kernels"
        )
