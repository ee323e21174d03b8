"""Projects that take long to make: made once for all processes that run tests, by the first that asks."""

import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.engines import engine_processes, wait_until
from support.project import Project


def shared(
    tmp_path_factory: pytest.TempPathFactory, name: str, *targets: str, config: dict[str, Any] | None = None
) -> Iterator[Project]:
    """What a fixture yields: a project in which Snakemake has made the targets. Who asks meanwhile waits.

    Nobody may change it, and that is seen at the end of the session: tests that call Snakemake take copies.

    Raises:
        AssertionError: it could not be made, here or by the process that came first; or somebody changed it.
    """
    project = made_once(common_folder(tmp_path_factory) / name, targets, config)
    before = times_of_files(project)
    yield project
    changed = sorted({path for path, _ in before.items() ^ times_of_files(project).items()})
    assert not changed, f"a test has changed what all share: {name}: {', '.join(changed)}"


def made_once(folder: Path, targets: tuple[str, ...], config: dict[str, Any] | None) -> Project:
    """The project in the folder, made under a lock unless another process has made it."""
    folder.parent.mkdir(exist_ok=True)
    said = folder.with_name(f"{folder.name}.failed")
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not said.exists(), said.read_text()
        if folder.exists():
            return Project(folder)
        said.write_text(f"{folder.name} was not made to its end: see the other process")
        project = Project(folder)
        outcome = project.snakemake(*targets, config=config)
        if outcome.status:
            said.write_text(outcome.text)
        assert outcome.status == 0, outcome.text
        # the workflow does not wait for its engines' ends, and each writes down how it ended
        assert wait_until(lambda: not engine_processes(project), 30)
        said.unlink()
        return project


def common_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this session that all its processes know: pytest-xdist puts theirs side by side."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if own.name.startswith("popen-") else own) / "shared"


def times_of_files(project: Project) -> dict[str, int]:
    """When each file was written; bytecode aside, which Python writes where it reads."""
    return {
        str(path): path.lstat().st_mtime_ns
        for path in project.folder.rglob("*")
        if not path.is_dir() and "__pycache__" not in path.parts
    }
