"""Captures of profilers as they lie on disk: one that is damaged is named on the page, and stops no other."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any, TypeVar

from batchscope.common.atomic_files import read_json
from batchscope.common.errors import UserError
from batchscope.common.seal import broken
from batchscope.results.intact.measurement_folder import DamagedError

Capture = TypeVar("Capture")


def no_capture(folder: Path, why: object) -> DamagedError:
    """The error to raise for a folder that cannot be used."""
    return DamagedError(f"{folder} holds no whole capture ({why}); delete it and profile again")


def read_capture(folder: Path, name: str, files: Collection[str], keys: Collection[str]) -> dict[str, Any]:
    """The content of a capture's JSON file, held against the seal in it.

    Args:
        folder: ``{study}/{run}/{profiler}``.
        name: the JSON file, window.json or memory.json.
        files: those beside it that are going to be read.
        keys: those that it must have.

    Raises:
        DamagedError: a file is missing, or not as it was written; or it is the capture of another run.
    """
    value = read_json(folder / name)
    if value is None or not set(keys) <= set(value):
        raise no_capture(folder, f"{name} is missing or damaged")
    if fault := broken(value, name, folder, files):
        raise no_capture(folder, fault)
    study, run, profiler = folder.absolute().parts[-3:]
    whose = value["study"], value["run"], value.get("profiler", profiler)
    if whose != (study, run, profiler):
        raise no_capture(folder, f"it is that of {'/'.join(map(str, whose))}")
    return value


def load_sound(
    folders: Iterable[Path], load: Callable[[list[Path]], list[Capture]]
) -> tuple[list[Capture], list[str]]:
    """What could be read of these folders, and a sentence for each other.

    Raises:
        UserError: none of them can be used.
    """
    found, notes = list[Capture](), list[str]()
    for folder in folders:
        try:
            found += load([folder])
        except DamagedError as error:
            notes.append(f"Not shown: {error}.")
    if not found:
        raise UserError(" ".join(notes))
    return found, notes
