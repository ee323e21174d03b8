"""Bytes that tensors hold."""

from collections.abc import Iterable
from typing import Any

import torch


def bytes_of(tensors: Iterable[torch.Tensor]) -> int:
    """Of all storages behind them, each counted once: tensors may be views, or tied."""
    storages = (tensor.untyped_storage() for tensor in tensors)
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def tensors_in(value: Any) -> list[torch.Tensor]:
    """All tensors in nested lists; a model with state layers has lists of them as its KV cache."""
    if isinstance(value, torch.Tensor):
        return [value]
    return [tensor for item in value or () for tensor in tensors_in(item)]
