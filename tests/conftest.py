"""A copy of this checkout that tests may change, and what Snakemake does in it."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

# A shell that starts the tests in the background has Ctrl-C ignored, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# An engine's start is mostly one thread that imports, so tests run in two processes (`make test`). Each has
# a folder for temporary files of its own, the device's lock among them, and its engines a core of their own.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix=worker)
    cores = sorted(os.sched_getaffinity(0))
    os.environ["VLLM_CPU_OMP_THREADS_BIND"] = str(cores[int(worker.removeprefix("gw")) % len(cores)])

ROOT = Path(__file__).resolve().parents[1]
SHARED = {"measured", "served"}
"""Fixtures that take minutes, and are made once."""

PLUGINS = ROOT / "batchscope" / "snakemake_plugins"


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


@dataclass
class Outcome:
    """One call of Snakemake: exit status, all it printed, and the jobs that it ran or would run."""

    status: int
    text: str
    jobs: list[dict[str, Any]]
    cpu_seconds: float

    @property
    def rules(self) -> Counter[str]:
        """How many jobs of each rule, the target rule left out."""
        return Counter(job["rule"] for job in self.jobs if job["rule"] != "all")

    @property
    def measured(self) -> set[str]:
        """Runs measured, as study/run."""
        return {"{study}/{run}".format(**job["wildcards"]) for job in self.jobs if job["rule"] == "measure"}


class Project:
    """A checkout in a temporary folder, with the engine environments of this one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tracked = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, check=True, text=True,
        ).stdout.split("\0")  # fmt: skip
        for name in filter(None, tracked):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".engines").symlink_to(ROOT / ".engines")

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def snakemake(self, *arguments: str, config: dict[str, Any] | None = None, cores: int = 1) -> Outcome:
        """Call Snakemake; ``config`` lies over configs/ci.yaml."""
        overlays = ["configs/ci.yaml"]
        if config is not None:
            (self.folder / ".overlay.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
            overlays.append(".overlay.yaml")
        return self.snakemake_plain(*arguments, "--configfile", *overlays, cores=cores)

    def snakemake_plain(self, *arguments: str, cores: int = 1) -> Outcome:
        """Call Snakemake with the default configuration."""
        jobs_file = self.folder / ".jobs.jsonl"
        jobs_file.write_text("")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        call = subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", str(cores), *arguments, "--logger", "jobs"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(PLUGINS), "BATCHSCOPE_JOBS_FILE": str(jobs_file)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return Outcome(
            call.returncode,
            call.stdout,
            [json.loads(line) for line in jobs_file.read_text().splitlines()],
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
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
