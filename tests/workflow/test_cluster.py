"""What the cluster's profile rests on, without a cluster: its settings, messages, and reading the workflow."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.project import ROOT, Project

PROFILE = ROOT / "profiles/slurm/profile.yaml"


def test_no_rule_retries() -> None:
    assert not [path for path in (ROOT / "rules").glob("*.smk") if "retries:" in path.read_text()]
    assert yaml.safe_load(PROFILE.read_text())["retries"] == 0


def test_the_profile_keeps_what_the_default_one_says() -> None:
    default = yaml.safe_load((ROOT / "profiles/default/profile.yaml").read_text())
    profile = yaml.safe_load(PROFILE.read_text())
    assert {key: profile.get(key) for key in default} == default


def test_a_dry_run_needs_no_cluster(project: Project) -> None:
    outcome = submit(project, "all", "--dry-run", path=tools(project.folder))
    assert outcome.returncode == 0, outcome.stdout
    assert "measure                  3" in outcome.stdout or re.search(
        r"^measure +3$", outcome.stdout, re.MULTILINE
    )


def test_prepare_makes_assets_and_nothing_else(project: Project) -> None:
    outcome = project.snakemake("prepare", "-n", cores=4)
    assert outcome.status == 0, outcome.text
    assert outcome.rules == {"make_dataset": 1, "prepare_model": 1, "make_prompts": 3, "prepare": 1}


def test_without_sbatch_there_is_one_message(project: Project) -> None:
    for _ in range(2):  # nothing is left locked
        outcome = submit(project, "all", path=tools(project.folder))
        assert outcome.returncode == 1
        last = outcome.stdout.strip().splitlines()[-1]
        assert last.startswith("error: there is no sbatch on PATH")
        assert last.endswith("snakemake --cores 1 all")
        assert "Traceback" not in outcome.stdout


def test_without_the_plugin_there_is_one_message(project: Project) -> None:
    blocked = (
        "import importlib.util as u, pkgutil as p, sys; f, m = u.find_spec, p.iter_modules\n"
        "hidden = 'snakemake_executor_plugin_slurm'\n"
        "u.find_spec = lambda name, *rest: None if name == hidden else f(name, *rest)\n"
        "p.iter_modules = lambda *a: [each for each in m(*a) if not each.name.startswith(hidden)]\n"
        "from snakemake.cli import main; main(sys.argv[1:])"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", blocked, "--workflow-profile", "profiles/slurm", "all"],
        cwd=project.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert outcome.returncode == 1
    first, *rest = outcome.stderr.strip().splitlines()
    assert first.startswith("Using workflow specific profile")
    assert [line.startswith("error: profiles/slurm needs the package") for line in rest] == [True]


AUDIT = """\
import os, sys
def note(event, arguments):
    if event in ("open", "socket.connect", "subprocess.Popen", "os.posix_spawn"):
        os.write(FILE, f"{event} {arguments[0 if event == 'open' else 1]}\\n".encode())
FILE = os.open(os.environ["AUDIT_FILE"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
sys.addaudithook(note)
"""


def events_of(folder: Path, hook: Path) -> set[str]:
    """What Python's audit hooks see of Snakemake while it reads the workflow in a folder."""
    seen = hook / "seen"
    seen.unlink(missing_ok=True)
    outcome = subprocess.run(
        [sys.executable, "-m", "snakemake", "--workflow-profile", "none", "--list-rules"],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(hook), "AUDIT_FILE": str(seen)},
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stderr
    return set(seen.read_text().splitlines())


def test_reading_the_workflow_is_cheap_and_pure(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It happens three times in every job of a cluster."""
    hook, empty = tmp_path_factory.mktemp("hook"), tmp_path_factory.mktemp("empty")
    (hook / "sitecustomize.py").write_text(AUDIT)
    (empty / "Snakefile").write_text("rule all:\n    run:\n        pass\n")
    events = events_of(project.folder, hook)
    assert f"open {project.folder}/rules/measure.smk" in events, "the hook works"
    assert not [each for each in events - events_of(empty, hook) if not each.startswith("open ")]
    opened = [each.removeprefix("open ") for each in events]
    assert not [path for path in opened if path.startswith("/dev/nvidia")]
    ours = [path for path in opened if path.startswith(str(project.folder)) and "/.snakemake/" not in path]
    allowed = ("Snakefile", "rules", "config.yaml", "batchscope", ".engines")
    assert not [path for path in ours if Path(path).relative_to(project.folder).parts[0] not in allowed]


def tools(folder: Path) -> str:
    """A PATH without Slurm."""
    place = folder / ".tools"
    if place.exists():
        return f"{Path(sys.executable).parent}:{place}"
    place.mkdir()
    for name in ("bash", "sh", "env", "git", "tee", "which", "dirname"):
        (place / name).symlink_to(str(shutil.which(name)))
    return f"{Path(sys.executable).parent}:{place}"


def submit(project: Project, *arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/slurm", *arguments,
         "--configfile", "configs/ci.yaml"],
        cwd=project.folder, env={**os.environ, "PATH": path}, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
