"""A copy of this checkout that tests may change, and what Snakemake does in it."""

import compileall
import json
import os
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from support.snakemake_server import call

from batchscope.workflow.source_reading import source_of

ROOT = Path(__file__).resolve().parents[2]
OURS = ("batchscope/", "scripts/")
PLUGINS = ROOT / "batchscope" / "workflow" / "snakemake_plugins"
REFERENCE, READ = "docs/reference", "h800"
"""Committed studies, which are half of all files, and the one that rules read: copies have links to the others."""


@cache
def tracked_files() -> tuple[str, ...]:
    """Files of this checkout that git knows or does not ignore, relative to its root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    return tuple(filter(None, listed.stdout.split("\0")))


@cache
def compiled_files() -> tuple[str, ...]:
    """What Python and the workflow keep beside our modules: without it each copy would compile and read them again.

    It counts for a copy too, whose modules have the same content and times.
    """
    modules = [ROOT / name for name in tracked_files() if name.startswith(OURS) and name.endswith(".py")]
    for path in filter(Path.is_file, modules):
        compileall.compile_file(path, quiet=2)
        source_of(path)
    places = {path.parent / "__pycache__" for path in modules}
    kept = (path for place in places for path in place.glob("[!.]*") if path.suffix in (".pyc", ".json"))
    return tuple(str(path.relative_to(ROOT)) for path in kept)


@cache
def committed_studies() -> tuple[str, ...]:
    """Folders that no rule reads and no test writes into."""
    names = {name.split("/")[2] for name in tracked_files() if name.startswith(f"{REFERENCE}/")}
    return tuple(
        f"{REFERENCE}/{name}" for name in sorted(names - {READ}) if (ROOT / REFERENCE / name).is_dir()
    )


@dataclass
class Outcome:
    """One call of Snakemake: exit status, all it printed, and the jobs that it ran or would run."""

    status: int
    text: str
    jobs: list[dict[str, Any]]

    @property
    def rules(self) -> Counter[str]:
        """How many jobs of each rule, the target rule left out."""
        return Counter(job["rule"] for job in self.jobs if job["rule"] != "all")

    @property
    def measured(self) -> set[str]:
        """Runs measured, as study/run."""
        return {"{study}/{run}".format(**job["wildcards"]) for job in self.jobs if job["rule"] == "measure"}


class Project:
    """A checkout in a temporary folder, with the engine environments of this one: made, unless it is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if (folder / "Snakefile").exists():
            return
        linked = (".engines", *committed_studies())
        for name in tracked_files():
            if (ROOT / name).is_file() and not name.startswith(tuple(f"{each}/" for each in linked)):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        for name in compiled_files():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        for name in linked:
            (folder / name).symlink_to(ROOT / name)

    def copy(self, folder: Path) -> "Project":
        """This project elsewhere, results and what Snakemake knows of them included.

        What is up to date here is up to date there, for files keep their times. What engines of this one left for
        each other stays behind.
        """
        shutil.copytree(self.folder, folder, symlinks=True, ignore=shutil.ignore_patterns(".snakemake"))
        known = self.folder / ".snakemake"
        for part in ("metadata", "incomplete", "auxiliary"):
            if (known / part).is_dir():
                shutil.copytree(known / part, folder / ".snakemake" / part)
        return Project(folder)

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def snakemake_log(self) -> str:
        """What Snakemake wrote to the log file of its last call."""
        logs = (self.folder / ".snakemake" / "log").iterdir()
        return max(logs, key=lambda path: path.stat().st_mtime_ns).read_text()

    def snakemake(
        self,
        *arguments: str,
        config: dict[str, Any] | None = None,
        cores: int = 1,
        below: tuple[str, ...] = ("configs/ci.yaml",),
    ) -> Outcome:
        """Call Snakemake; ``config`` lies over configs/ci.yaml, or over the overlays ``below``."""
        overlays = [*below]
        if config is not None:
            (self.folder / ".overlay.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
            overlays.append(".overlay.yaml")
        return self.snakemake_plain(*arguments, "--configfile", *overlays, cores=cores)

    def snakemake_plain(self, *arguments: str, cores: int = 1) -> Outcome:
        """Call Snakemake with the default configuration."""
        jobs_file = self.folder / ".jobs.jsonl"
        jobs_file.write_text("")
        status, text = call(
            self.folder,
            ["--cores", str(cores), *arguments, "--logger", "jobs"],
            {**os.environ, "PYTHONPATH": str(PLUGINS), "BATCHSCOPE_JOBS_FILE": str(jobs_file)},
        )
        return Outcome(status, text, [json.loads(line) for line in jobs_file.read_text().splitlines()])
