"""How the tests share two processes, and the fixtures that many of them use."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.project import ROOT, Project

# A shell that starts the tests in the background has Ctrl-C ignored, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# An engine's start is mostly one thread that imports, so tests run in two processes (`make test`). Each has
# a folder for temporary files of its own, the device's lock among them, and its engines a core of their own.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix=worker)
    cores = sorted(os.sched_getaffinity(0))
    os.environ["VLLM_CPU_OMP_THREADS_BIND"] = str(cores[int(worker.removeprefix("gw")) % len(cores)])

SHARED = {"measured", "served"}
"""Fixtures that take minutes, and are made once."""


# What tests/install_nsys.sh unpacked; one that is installed comes first.
os.environ["PATH"] += f"{os.pathsep}{ROOT / '.nsys' / 'usr' / 'bin'}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """What shares a measured checkout, or the machine's one Slurm, stays in one process and in order."""
    groups = {
        item: min(SHARED & set(item.fixturenames))  # type: ignore[attr-defined]
        for item in items
        if SHARED & set(item.fixturenames)  # type: ignore[attr-defined]
    }
    groups |= {item: "slurm" for item in items if item.get_closest_marker("slurm")}
    shared = list(groups)
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    yield  # here xdist reads the marks and writes the group into the name
    if config.getoption("loadgroup", False) and any("@" not in item.nodeid for item in shared):
        raise pytest.UsageError(
            "pytest-xdist ignores groups: are its version and pytest's those of envs/dev.lock?"
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A fresh checkout with no results."""
    return Project(tmp_path)


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A checkout in which the small study has run on the real engine. Tests must leave it up to date."""
    project = Project(tmp_path_factory.mktemp("measured"))
    outcome = project.snakemake("all")
    assert outcome.status == 0, outcome.text
    return project
