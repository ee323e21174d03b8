"""A model folder's safetensors files, one at a time: pruned to 2:4, or counted group by group."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from batchscope.common.errors import UserError
from batchscope.worker.sparsity.layers import is_linear
from batchscope.worker.sparsity.pattern import (
    GROUP,
    first_broken_group,
    mask_by_magnitude,
    nonzeros_of_groups,
)

INDEX = "model.safetensors.index.json"
"""Which file holds which tensor, where there are several."""


@dataclass(frozen=True)
class Counted:
    """One matrix that is 2:4."""

    name: str
    rows: int
    columns: int
    zeros: int
    """weights that are zero: half of them, or more"""
    kept_norm: float | None
    """of a matrix pruned here: the share of the sum of its squared weights that was kept"""

    def as_json(self) -> dict[str, Any]:
        """For sparsity.json."""
        groups = self.rows * self.columns // GROUP
        known = {} if self.kept_norm is None else {"kept_norm": round(self.kept_norm, 6)}
        return {"shape": [self.rows, self.columns], "groups": groups, "zeros": self.zeros, **known}


def files_of(folder: Path) -> list[Path]:
    """The folder's safetensors files.

    Raises:
        UserError: there is none.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise UserError("2:4 weights are read from .safetensors files, and the model has none; convert them")
    return files


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A safetensors file, to read tensors from.

    Raises:
        UserError: it is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except SafetensorError as error:
        raise UserError(f"{path.name}: no readable safetensors file ({error}); fetch it again") from None


def prune(folder: Path) -> list[Counted]:
    """Prune each linear layer of the decoder by magnitude, file by file; a link becomes a file of its own.

    At most one file's tensors are in memory at a time. Other tensors, and each file's metadata, stay.

    Raises:
        UserError: there is nothing to prune, or a matrix has no whole groups.
    """
    return _found([each for path in files_of(folder) for each in _prune_file(path)])


def verify(folder: Path) -> list[Counted]:
    """Count zeros in every group of every linear layer of the decoder.

    Raises:
        UserError: a group has fewer than two zeros; the message names tensor, row and group. Or there is no
            such layer.
    """
    return _found([each for path in files_of(folder) for each in _verify_file(path)])


def _found(counted: list[Counted]) -> list[Counted]:
    if not counted:
        raise UserError(
            "no tensor is known as a linear layer of the decoder (layers.<number>.<name>.weight with two "
            "dimensions); name another model"
        )
    return counted


def _prune_file(path: Path) -> Iterator[Counted]:
    tensors, metadata = {}, None
    with opened(path) as file:
        metadata = file.metadata()
        for name in file.keys():  # noqa: SIM118, the file is no mapping
            tensor = file.get_tensor(name)
            if is_linear(name, tensor.shape):
                tensor, counted = _pruned(name, tensor)
                yield counted
            tensors[name] = tensor
    write_file(path, tensors, metadata)


def _pruned(name: str, weight: torch.Tensor) -> tuple[torch.Tensor, Counted]:
    """A matrix with its smaller weights set to zero."""
    refuse_parts(name, weight)
    mask = mask_by_magnitude(weight)
    pruned = weight * mask
    before, after = (float(torch.linalg.vector_norm(each.float())) ** 2 for each in (weight, pruned))
    zeros = pruned.numel() - int(pruned.count_nonzero())
    rows, columns = weight.shape
    return pruned, Counted(name, rows, columns, zeros, after / before if before else 1.0)


def refuse_parts(name: str, weight: torch.Tensor) -> None:
    """Refuse a matrix whose rows are no whole groups, or whose values are packed.

    Raises:
        UserError: names the tensor.
    """
    if weight.shape[1] % GROUP:
        raise UserError(
            f"{name}: its {weight.shape[1]} columns are no multiple of {GROUP}, so it cannot be 2:4"
        )
    if not weight.is_floating_point():
        raise UserError(
            f"{name}: its values are {str(weight.dtype).removeprefix('torch.')}; 2:4 is counted in "
            "floating-point weights, so name the model before it was quantized"
        )


def _verify_file(path: Path) -> Iterator[Counted]:
    with opened(path) as file:
        for name in file.keys():  # noqa: SIM118, the file is no mapping
            if is_linear(name, file.get_slice(name).get_shape()):
                yield count(name, file.get_tensor(name))


def count(name: str, weight: torch.Tensor) -> Counted:
    """One matrix's zeros.

    Raises:
        UserError: a group has fewer than two.
    """
    refuse_parts(name, weight)
    nonzeros = nonzeros_of_groups(weight)
    if broken := first_broken_group(nonzeros):
        row, group = broken
        columns = f"columns {group * GROUP} to {group * GROUP + GROUP - 1}"
        held = int(nonzeros[row, group])
        raise UserError(
            f"{name}, row {row}, group {group} ({columns}): {held} of 4 weights are not zero, and a 2:4 "
            "checkpoint has 2 at most; name another one, or make it 2:4 with prune in the place of sparsity"
        )
    rows, width = weight.shape
    zeros = weight.numel() - int(nonzeros.sum(dtype=torch.int64))
    return Counted(name, rows, width, zeros, None)


def write_file(path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str] | None) -> None:
    """Write a safetensors file in the place of what lies there, be it a link."""
    temporary = path.with_name(f".{path.name}")
    save_file(dict(tensors), temporary, metadata=dict(metadata or {"format": "pt"}))
    temporary.replace(path)


def write_files(
    folder: Path, tensors: Iterator[tuple[str, torch.Tensor]], most_bytes: int, done: Callable[[], None]
) -> None:
    """Write tensors as they come, in files of up to ``most_bytes`` bytes, and their index.

    Args:
        folder: the model's.
        tensors: names and values.
        most_bytes: a file with more than one tensor holds no more.
        done: called when all tensors have been read, before the new files take their names.
    """
    parts: list[list[str]] = []
    held: dict[str, torch.Tensor] = {}
    size = total = 0

    def flush() -> None:
        parts.append(list(held))
        save_file(held, folder / f".part-{len(parts)}", metadata={"format": "pt"})
        held.clear()

    for name, tensor in tensors:
        if held and size + tensor.nbytes > most_bytes:
            flush()
            size = 0
        held[name] = tensor.contiguous()
        size += tensor.nbytes
        total += tensor.nbytes
    flush()
    done()
    names = [f"model-{number:05}-of-{len(parts):05}.safetensors" for number in range(1, len(parts) + 1)]
    for number, name in enumerate(names, 1):
        (folder / f".part-{number}").rename(folder / name)
    places = {tensor: name for name, part in zip(names, parts, strict=True) for tensor in part}
    index = {"metadata": {"total_size": total}, "weight_map": places}
    (folder / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
