"""Activations and weights of one product, and 8-bit versions of them."""

import math
from dataclasses import dataclass

import torch

from batchscope.worker.sparsity.pattern import mask_by_magnitude

FP8 = torch.float8_e4m3fn
FP8_MOST = float(torch.finfo(FP8).max)

WEIGHT_DEVIATION = 0.02
"""Standard deviation of the weights: that of a Llama's initial weights (``initializer_range``)."""


@dataclass(frozen=True)
class Operands:
    """One product: ``tokens`` [tokens, inputs] times the transpose of weights [outputs, inputs]; bfloat16."""

    tokens: torch.Tensor
    dense: torch.Tensor
    pruned: torch.Tensor
    """the dense weights, 2:4 by magnitude"""
    copies: int
    """so many copies of its weights each kernel takes in turn, that none lies in the cache from before"""

    @property
    def device(self) -> str:
        """The kind of device: cpu or cuda."""
        return str(self.tokens.device.type)


def make_operands(tokens: int, outputs: int, inputs: int, device: str, seed: int = 0) -> Operands:
    """Normal activations and weights, the same for every kernel."""
    generator = torch.Generator(device=device).manual_seed(seed)

    def normal(rows: int) -> torch.Tensor:
        return torch.randn(rows, inputs, generator=generator, device=device).bfloat16()

    weights = normal(outputs) * WEIGHT_DEVIATION
    return Operands(
        tokens=normal(tokens),
        dense=weights,
        pruned=weights * mask_by_magnitude(weights),
        copies=copies_for(weights.nbytes, cache_bytes(device)),
    )


def cache_bytes(device: str) -> int:
    """Size of the GPU's last cache; 0 on CPU, where one copy is enough for a comparison of kernels."""
    if device == "cpu":
        return 0
    return int(torch.cuda.get_device_properties(device).L2_cache_size)


def copies_for(weight_bytes: int, cache: int) -> int:
    """Copies of the weights that together are twice the cache, or one, if that is larger."""
    return max(1, math.ceil(2 * cache / weight_bytes))


def to_fp8(values: torch.Tensor, *, by_row: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """Values in 8 bits (e4m3), and the scale that gives them back: one for all, or one a row.

    Args:
        values: [rows, columns].
        by_row: scale each row to its own largest value.

    Returns:
        The 8-bit values, and the scale in float32: [] or [rows].
    """
    magnitudes = values.abs().float()
    largest = magnitudes.amax(-1) if by_row else magnitudes.max()
    scale = (largest / FP8_MOST).clamp(min=1e-12)
    divisor = scale.unsqueeze(-1) if by_row else scale
    return (values.float() / divisor).clamp(-FP8_MOST, FP8_MOST).to(FP8), scale
