"""NVML, the driver's library of GPUs, as far as it answers. It makes no CUDA context.

Every answer is optional: laptops have no power limit, slices (MIG) and virtual GPUs no utilization, old
drivers lack functions, and some machines have no NVML at all.
"""

from collections.abc import Iterator
from typing import Any

from batchscope.common.visible_gpus import Gpu, Visible

Handle = Any
"""NVML's own name of a device."""


class Nvml:
    """Questions to NVML; ``library`` has its functions under their own names, as the module pynvml has."""

    def __init__(self, library: Any) -> None:
        self._library = library

    def ask(self, *questions: str, of: tuple[Any, ...] = ()) -> Any:
        """The first answer to one of several functions with these arguments; None where there is none."""
        for question in questions:
            try:
                return getattr(self._library, question)(*of)
            except (self._library.NVMLError, AttributeError):
                continue  # this device, driver or version of the library does not tell
        return None

    def constant(self, name: str) -> int:
        """A constant of NVML, such as NVML_CLOCK_SM."""
        return int(getattr(self._library, name))

    def gpus(self) -> list[Gpu]:
        """The machine's GPUs, or those that a container or a cluster's job shows."""
        return [self._gpu(number) for number in range(self.ask("nvmlDeviceGetCount") or 0)]

    def handle(self, device: Visible) -> Handle | None:
        """The device under NVML's own name; None where it has none."""
        if device.number is not None and device.name == str(device.number):
            return self.ask("nvmlDeviceGetHandleByIndex", of=(device.number,))
        return self.ask("nvmlDeviceGetHandleByUUID", of=(device.name,))

    def text(self, question: str, of: tuple[Any, ...] = ()) -> str | None:
        """An answer that is a text."""
        answer = self.ask(question, of=of)
        return answer.decode() if isinstance(answer, bytes) else answer  # before version 11.5 of the library

    def users(self, device: Handle) -> set[int] | None:
        """Ids of processes that have a CUDA context on a device; None where the driver does not tell."""
        found = self.ask("nvmlDeviceGetComputeRunningProcesses", of=(device,))
        return None if found is None else {process.pid for process in found}

    def _gpu(self, number: int) -> Gpu:
        handle = self.ask("nvmlDeviceGetHandleByIndex", of=(number,))
        if handle is None:
            return Gpu(number)
        mode = self.ask("nvmlDeviceGetMigMode", of=(handle,))
        divided = bool(mode and mode[0])
        return Gpu(
            number,
            self.text("nvmlDeviceGetUUID", (handle,)),
            tuple(self._slices(handle)) if divided else None,
        )

    def _slices(self, gpu: Handle) -> Iterator[str]:
        for number in range(self.ask("nvmlDeviceGetMaxMigDeviceCount", of=(gpu,)) or 0):
            part = self.ask("nvmlDeviceGetMigDeviceHandleByIndex", of=(gpu, number))
            if part is not None and (uuid := self.text("nvmlDeviceGetUUID", (part,))):
                yield uuid


def open_nvml() -> Nvml | None:
    """NVML; None where there is no driver, or no library for it. It stays open until the process ends."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return Nvml(pynvml)
