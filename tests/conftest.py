"""How the tests share a few processes, and the fixtures that many of them use."""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, settings
from support.project import ROOT, Project
from support.served_studies import STUDIES, serving
from support.shared import shared

from batchscope.jobs.forking.engine_copy import SHARED

# The same few examples each time, so that a test fails for what was changed; thousands of new ones with
# `pytest --hypothesis-profile long`.
COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
settings.register_profile("short", max_examples=60, derandomize=True, **COMMON)
settings.register_profile("long", max_examples=3000, print_blob=True, **COMMON)
settings.load_profile("short")

# A shell that starts the tests in the background has Ctrl-C ignored, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests wait as often as they compute, so `make test` runs them in more processes than most machines have cores. Each
# has a folder for temporary files of its own, the device's lock among them, and its engines a core of their own.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix=worker)
    cores = sorted(os.sched_getaffinity(0))
    os.environ["VLLM_CPU_OMP_THREADS_BIND"] = str(cores[int(worker.removeprefix("gw")) % len(cores)])

# Engines of all calls begin as copies of one process that has imported vLLM, and that ends with this one. Tests of
# what is left behind leave that to each call, as users have it: fixture `own_fork_server`.
fork_servers = Path(tempfile.mkdtemp(prefix="forks"))
(fork_servers / "shared.json").write_text(json.dumps({
    "follow": [os.getpid(), psutil.Process().create_time()],
    # Snakemake sets all but the first for its jobs, to what they are here
    "unread": ["PYTEST_CURRENT_TEST", "PATH", "TMPDIR", "TMP", "TEMP", "TEMPDIR", "VECLIB_MAXIMUM_THREADS"],
}))  # fmt: skip
os.environ[SHARED] = str(fork_servers)

# Hundreds of processes start from the same files: each would compile 565 modules of vLLM, transformers and ours again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What tests/install_nsys.sh unpacked; one that is installed comes first.
os.environ["PATH"] += f"{os.pathsep}{ROOT / '.nsys' / 'usr' / 'bin'}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Tests that take minutes start first, so that all processes end together; groups stay in one process."""
    items.sort(key=_place)
    for item in items:
        if item.get_closest_marker("slurm"):  # the machine's one Slurm
            item.add_marker(pytest.mark.xdist_group("slurm"))
    yield  # here xdist reads the marks and writes the group into the name
    grouped = [item for item in items if item.get_closest_marker("xdist_group")]
    if config.getoption("loadgroup", False) and any("@" not in item.nodeid for item in grouped):
        raise pytest.UsageError(
            "pytest-xdist ignores groups: are its version and pytest's those of envs/dev.lock?"
        )


def _place(item: pytest.Item) -> int:
    """What mostly waits for a queue, what takes a minute, then what starts engines, then the rest."""
    marks = ("slurm", "long", "engine")
    return next((place for place, mark in enumerate(marks) if item.get_closest_marker(mark)), len(marks))


@pytest.fixture
def own_fork_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call has a fork server of its own, which must end with it."""
    monkeypatch.delenv(SHARED)


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls do not look first for what would fail: here it shall fail later."""
    monkeypatch.setenv("BATCHSCOPE_PREFLIGHT", "off")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A fresh checkout with no results."""
    return Project(tmp_path / "project")


@pytest.fixture(scope="session")
def prepared_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A checkout with the data set, model and prompts of the small study."""
    yield from shared(tmp_path_factory, "prepared", "prepare")


@pytest.fixture
def prepared(prepared_once: Project, tmp_path: Path) -> Project:
    """A checkout of this test's own in which the small study can be measured at once."""
    return prepared_once.copy(tmp_path / "prepared")


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A checkout in which the small study has run on the real engine, to be read only; see `measured_copy`."""
    yield from shared(tmp_path_factory, "measured", "all")


@pytest.fixture
def measured_copy(measured: Project, tmp_path: Path) -> Project:
    """The measured checkout for this test alone: whatever becomes of it, the others have theirs."""
    return measured.copy(tmp_path / "measured")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A checkout with the demo's model, trained and to be read only, and nothing else."""
    yield from shared(
        tmp_path_factory, "trained", "results/models/demo/manifest.json",
        config={"models": {"demo": {"load_format": "auto"}}},
    )  # fmt: skip


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A checkout in which a server was measured under both kinds of load, to be read only."""
    pages = [f"results/tables/serving_{study}.html" for study in STUDIES]
    yield from shared(tmp_path_factory, "served", *pages, config=serving(STUDIES))


def pytest_make_parametrize_id(val: object) -> str | None:
    """A long text or bytes in a test's name: its start and its length. Logs would show all of it, two megabytes once."""
    if not isinstance(val, str | bytes) or len(val) <= 80:
        return None
    return f"{val[:40]!r}... {len(val)} long"
