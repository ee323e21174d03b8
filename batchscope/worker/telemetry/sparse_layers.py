"""Counts the decoder's layers that vLLM gave its kernels for 2:4 weights.

vLLM has such kernels up to 0.18.1, for the layers of which config.json says that they are 2:4. A layer that
it does not match gets dense kernels without a word, and multiplies every zero. So what each layer has is
counted where it is, in vLLM's worker. Names as in vLLM 0.18.1.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from batchscope.worker.sparsity.layers import is_linear

SCHEME = "CompressedTensors24"
"""vLLM's class of a layer's scheme that calls the 2:4 kernels."""

EXPERTS = ("FusedMoE", "RoutedExperts")
"""Its classes, older and newer, of a layer that holds all experts' matrices; none has this scheme."""

MATRIX = (1, 1)
"""A shape of two dimensions, for `is_linear`: a fused layer holds the rows of several tensors."""

METHOD = "count_sparse_layers"

Counts = dict[str, int]
"""``linear``: linear layers of the decoder, fused ones as one; ``with_2_4_kernels``: those with `SCHEME`."""


def is_wanted(asset: Mapping[str, Any]) -> bool:
    """Whether a model is to run through 2:4 kernels, by its entry under ``models``."""
    return bool(asset.get("sparse_kernels"))


class SparseLayerCount:
    """A method that vLLM adds to its worker; the engine's host calls it by name."""

    get_model: Callable[[], Any]

    def count_sparse_layers(self) -> Counts:
        """Count in the worker's part of the model."""
        layers = [
            layer
            for name, layer in self.get_model().named_modules()
            if _multiplies(layer) and is_linear(f"{name}.weight", MATRIX)
        ]
        return {"linear": len(layers), "with_2_4_kernels": sum(map(_has_scheme, layers))}


def _multiplies(layer: Any) -> bool:
    from vllm.model_executor.layers.linear import LinearBase

    return isinstance(layer, LinearBase) or any(each.__name__ in EXPERTS for each in type(layer).__mro__)


def _has_scheme(layer: Any) -> bool:
    return type(getattr(layer, "scheme", None)).__name__ == SCHEME


def count(llm: Any) -> Counts:
    """Have an engine's workers count; see `worst`."""
    return worst(llm.collective_rpc(METHOD))


def worst(counts: Sequence[Counts]) -> Counts:
    """Of several workers' counts, that with the most layers left without 2:4 kernels."""
    return max(counts, key=lambda each: each["linear"] - each["with_2_4_kernels"])
