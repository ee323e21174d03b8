"""Projects that are dear to make: made once for all processes that run tests, by the first that asks."""

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import Project


def made_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Project], None]
) -> Project:
    """A project in which ``make`` has run; who asks meanwhile waits. Nobody may change it: take copies.

    Raises:
        AssertionError: what ``make`` raised, here or in the process that came first.
    """
    folder = common_folder(tmp_path_factory) / name
    folder.parent.mkdir(exist_ok=True)
    said = folder.with_name(f"{name}.failed")
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if said.exists():
            raise AssertionError(said.read_text())
        if folder.exists():
            return Project(folder)
        project = Project(folder)
        try:
            make(project)
        except BaseException as error:
            said.write_text(f"{name} could not be made: {error}")
            raise
        return project


def common_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this session that all its processes know: pytest-xdist puts theirs side by side."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if own.name.startswith("popen-") else own) / "shared"
