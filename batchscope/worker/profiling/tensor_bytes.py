"""Bytes that tensors hold."""

from collections.abc import Iterable
from typing import Any

import torch


def bytes_of(tensors: Iterable[torch.Tensor]) -> int:
    """Bytes of all storages behind tensors, each counted once: tensors may be views of one, or tied."""
    storages = (tensor.untyped_storage() for tensor in tensors)
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def tensors_in(value: Any) -> list[torch.Tensor]:
    """All tensors in nested lists: a model with state layers has a list for each layer's KV cache."""
    if isinstance(value, torch.Tensor):
        return [value]
    return [tensor for item in value or () for tensor in tensors_in(item)]
