"""Which GPUs CUDA sees, by the value of CUDA_VISIBLE_DEVICES.

The rules, with their sources:

- Not set: all GPUs. Empty: none. Numbers count as nvidia-smi does, from 0, in the order of the PCI bus. The
  first entry that names no GPU, such as -1, ends the list; what stands after it is not seen. A UUID may be
  cut short as long as it names one GPU. (CUDA Programming Guide, CUDA Environment Variables)
- A number is read up to its first letter, blanks before it are skipped. The first entry decides whether the
  list holds numbers, UUIDs of GPUs or UUIDs of slices; an entry of another kind ends it. A GPU that stands
  there twice makes the list empty. (what CUDA was seen to do, in PyTorch's words:
  ``torch.cuda._parse_visible_devices`` and ``_transform_uuid_to_ordinals``)
- A process sees one slice of a GPU (MIG) at most, the first one that the list leads to, and then no whole
  GPU. (NVIDIA Multi-Instance GPU User Guide, Device Enumeration)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

UUIDS = ("GPU-", "MIG-")
"""How the UUIDs of GPUs and of slices begin."""

HELD_VARIABLE = "BATCHSCOPE_HELD_GPUS"
"""Names the variable by which an engine learns the UUIDs of the GPUs that are locked for it."""

HELD_CORES = "BATCHSCOPE_HELD_CORES"
"""Names the variable by which an engine on CPU learns which cores are locked for it, where it has not all."""


@dataclass(frozen=True)
class Gpu:
    """A GPU of the machine."""

    number: int
    """as nvidia-smi counts"""
    uuid: str | None = None
    """None where the driver does not tell"""
    slices: tuple[str, ...] | None = None
    """UUIDs of its MIG slices; None: it is not divided"""


@dataclass(frozen=True)
class Visible:
    """What CUDA computes on: a GPU, or a slice of one."""

    name: str
    """as CUDA_VISIBLE_DEVICES names it: a number, or a slice's UUID"""
    uuid: str | None = None
    """the GPU's or the slice's; None where the driver does not tell"""
    number: int | None = None
    """the GPU's, as nvidia-smi counts; None where it is not known"""
    cores: tuple[int, ...] = ()
    """of a set of the processor's cores, which is a device as a GPU is"""


def visible(setting: str | None, gpus: Sequence[Gpu]) -> list[Visible]:
    """What CUDA sees of the machine's GPUs, in its order.

    Args:
        setting: CUDA_VISIBLE_DEVICES; None: it is not set.
        gpus: Those of the machine.
    """
    if setting is not None and setting.startswith("MIG-"):
        return _slice_named(entries(setting), gpus)
    chosen = list(gpus) if setting is None else _named(entries(setting), gpus)
    divided = [gpu for gpu in chosen if gpu.slices is not None]
    if slices := [(gpu, uuid) for gpu in divided for uuid in gpu.slices or ()]:
        gpu, uuid = slices[0]
        return [Visible(uuid, uuid, gpu.number)]
    return [Visible(str(gpu.number), gpu.uuid, gpu.number) for gpu in chosen if gpu not in divided]


def taken_on_trust(setting: str) -> list[Visible]:
    """What a list names, where nobody tells which GPUs there are."""
    return [Visible(entry) for entry in entries(setting)]


def entries(setting: str) -> list[str]:
    """The entries of a list that CUDA reads; those after the first one that it cannot read are left out."""
    parts = setting.split(",")
    kind = next((kind for kind in UUIDS if setting.startswith(kind)), None)
    if kind is None:
        numbers = takewhile(lambda number: number >= 0, map(_number, parts))
        return _unless_doubled([str(number) for number in numbers])
    return _unless_doubled(list(takewhile(lambda part: part.startswith(kind), parts)))


def _number(entry: str) -> int:
    """The number that an entry begins with; -1 where it begins with none."""
    found = re.match(r"\s*([+-]?[0-9]+)", entry)
    return int(found[1]) if found else -1


def _unless_doubled(found: list[str]) -> list[str]:
    return found if len(set(found)) == len(found) else []


def _named(names: Sequence[str], gpus: Sequence[Gpu]) -> list[Gpu]:
    found: list[Gpu] = []
    for name in names:
        fitting = [gpu for gpu in gpus if _fits(name, gpu)]
        if len(fitting) != 1:
            break
        found += fitting
    return found if len(set(found)) == len(found) else []


def _fits(name: str, gpu: Gpu) -> bool:
    return (gpu.uuid or "").startswith(name) if name.startswith(UUIDS) else gpu.number == int(name)


def _slice_named(names: Sequence[str], gpus: Sequence[Gpu]) -> list[Visible]:
    slices = [(gpu, uuid) for gpu in gpus for uuid in gpu.slices or ()]
    fitting = [(gpu, uuid) for gpu, uuid in slices if names and uuid.startswith(names[0])]
    return [Visible(uuid, uuid, gpu.number) for gpu, uuid in fitting] if len(fitting) == 1 else []
