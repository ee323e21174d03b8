"""Answers of NVML as they were recorded, replayed with the real library's errors and constants."""

import pickle
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynvml

GPU_A = "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"
GPU_B = "GPU-8a56a4bc-3184-e1d7-8a3c-9a1e5a7c3a52"
SLICE_1 = "MIG-9a3b1c7e-5c3f-5a2d-8f0e-0c2d9f1b7a11"
SLICE_2 = "MIG-1d2f7ab0-77c1-5d41-b1e5-7e1f4d0c9c22"

Answers = Mapping[tuple[Any, ...], Any]
"""What a function said, by its name and arguments; an exception was raised."""


class Recorded:
    """NVML's functions; what was not recorded is not supported, as on a device that lacks it."""

    NVMLError = pynvml.NVMLError

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        return getattr(pynvml, name) if name.startswith("NVML_") else self._function(name)

    def _function(self, name: str) -> Callable[..., Any]:
        def answer(*arguments: Any) -> Any:
            found = self._answers.get((name, *arguments), pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED))
            if isinstance(found, Exception):
                raise found
            return found

        return answer


def machine(*uuids: str, **more: Any) -> dict[tuple[Any, ...], Any]:
    """What every driver says of whole GPUs: how many there are, and their UUIDs. A handle is a UUID here."""
    answers: dict[tuple[Any, ...], Any] = {("nvmlDeviceGetCount",): len(uuids)}
    for number, uuid in enumerate(uuids):
        answers |= {
            ("nvmlDeviceGetHandleByIndex", number): uuid,
            ("nvmlDeviceGetHandleByUUID", uuid): uuid,
            ("nvmlDeviceGetUUID", uuid): uuid,
        }
    return answers | {(name,): value for name, value in more.items()}


def divided(gpu: str, *slices: str) -> dict[tuple[Any, ...], Any]:
    """What the driver says of a GPU in MIG mode: seven places for slices, some of them taken."""
    answers: dict[tuple[Any, ...], Any] = {
        ("nvmlDeviceGetMigMode", gpu): [1, 1],
        ("nvmlDeviceGetMaxMigDeviceCount", gpu): 7,
    }
    for number, uuid in enumerate(slices):
        answers |= {
            # a slice that was removed leaves its place empty
            ("nvmlDeviceGetMigDeviceHandleByIndex", gpu, number + 1): uuid,
            ("nvmlDeviceGetUUID", uuid): uuid,
            ("nvmlDeviceGetHandleByUUID", uuid): uuid,
        }
    return answers


def processes(gpu: str, *pids: int) -> dict[tuple[Any, ...], Any]:
    """Processes with a context on a GPU."""
    return {("nvmlDeviceGetComputeRunningProcesses", gpu): [SimpleNamespace(pid=pid) for pid in pids]}


MODULE = '''"""Recorded answers in the place of a driver's; all else is the real library's."""

import pickle
from pathlib import Path

import real_pynvml
from real_pynvml import *

ANSWERS = pickle.loads(Path(__file__).with_name("nvml_answers.pickle").read_bytes())


def _function(name):
    def answer(*arguments):
        if (name, *arguments) not in ANSWERS:
            raise NVMLError(NVML_ERROR_NOT_SUPPORTED)
        return ANSWERS[(name, *arguments)]

    return answer


globals().update({name: _function(name) for name in dir(real_pynvml) if name.startswith("nvml")})
'''


def lay_library(folder: Path, answers: Answers) -> None:
    """Have every process whose modules are looked for in this folder get these answers from NVML."""
    shutil.copyfile(str(pynvml.__file__), folder / "real_pynvml.py")
    (folder / "nvml_answers.pickle").write_bytes(pickle.dumps({("nvmlInit",): None, **answers}))
    (folder / "pynvml.py").write_text(MODULE)
