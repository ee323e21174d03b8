"""Configuration files that Snakemake would refuse without file and line, or take without a word; and odd names of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.project import PLUGINS, Project, tracked_files

WRONG = {
    "not closed": (b"studies: [\n", "mine.yaml, line 2, column 1: is no YAML: "),
    "not UTF-8": (
        "title: Gr\xf6\xdfe".encode("latin-1"),
        "mine.yaml, line 1: holds bytes that are not UTF-8",
    ),
    "nested": (b"a: " + b"[" * 3000, "mine.yaml: is nested too deeply"),
    "alias of itself": (b"a: &x\n  b: *x\n", "mine.yaml, line 1: an alias (*name) stands inside"),
    "list": (b"- 1\n", "mine.yaml: holds no keys"),
    "doubled": (b"gpus: 0\ngpus: 1\n", "mine.yaml, line 2: the key 'gpus' stands there again (as in line 1)"),
    "drops nothing": (
        b"studies: {packng: null}\n",
        "mine.yaml: studies.packng: null drops a study, and there is none",
    ),
    "infinity": (
        b"serving: {load: {request_rate: .inf}}\n",
        "serving.load.request_rate: inf is no number here",
    ),
}
"""By what is wrong: an overlay, and how its only message begins."""

ODD = 'my "x" $HOME 100% `id` 电影 🎬'


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A checkout in a folder with an odd name, reached through a link."""
    folder = tmp_path_factory.mktemp("odd")
    Project(folder / ODD)
    (folder / "link").symlink_to(folder / ODD)
    return Project(folder / "link")


def dry_run(project: Project, *arguments: str) -> tuple[int, str]:
    """Status and text of a Snakemake that starts by itself: what is tested happens while it imports its plugins."""
    call = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "all", *arguments],
        cwd=project.folder, env={**os.environ, "PYTHONPATH": str(PLUGINS)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    return call.returncode, call.stdout


@pytest.mark.parametrize("name", WRONG)
def test_an_overlay_that_is_wrong_is_refused_in_one_line(odd: Project, name: str) -> None:
    content, words = WRONG[name]
    (odd.folder / "mine.yaml").write_bytes(content)
    status, text = dry_run(odd, "--configfile", "mine.yaml")
    assert status == 1
    (message,) = [line for line in text.split("error: ")[1].splitlines() if words in line]
    assert text.rstrip().endswith(message), "nothing stands behind it"
    assert "Traceback" not in text


def test_config_yaml_itself_is_checked_too(odd: Project) -> None:
    path = odd.folder / "config.yaml"
    whole = path.read_text()
    path.write_text(whole + "\ngpus: 1\n")
    try:
        outcome = odd.snakemake_plain("--dry-run", "all")
    finally:
        path.write_text(whole)
    assert outcome.status == 1
    assert (
        f"error: config.yaml, line {len(whole.splitlines()) + 2}: the key 'gpus' stands there again"
        in outcome.text
    )


@pytest.mark.parametrize("name", ["my {x} 'q'.yaml", "$HOME 100%.yaml", "\u7535\u5f71 \U0001f3ac.yaml"])
def test_an_overlay_and_its_data_may_have_any_name(odd: Project, name: str) -> None:
    """Through a job of its own process, which gets the names again, and a shell."""
    data = name.replace(".yaml", ".csv")
    (odd.folder / data).write_text("text,label\nA fine film.,positive\nA poor one.,negative\n")
    (odd.folder / name).write_text(
        yaml.safe_dump({"dataset": {"source": "file", "file": {"path": data}}, "title": name})
    )
    targets = ("results/config.json", "results/data/texts.csv")
    outcome = odd.snakemake_plain(*targets, "--configfile", "configs/ci.yaml", name)
    assert outcome.status == 0, outcome.text
    assert data in (odd.folder / targets[1]).read_text()
    assert (odd.folder / targets[0]).exists()


@pytest.mark.parametrize("name", ["a {b}", "back\\slash", "it's $HOME"])
def test_a_checkout_where_snakemake_cannot_work_is_refused(tmp_path: Path, name: str) -> None:
    project = Project(tmp_path / name)
    assert "Snakefile" in tracked_files()
    outcome = project.snakemake_plain("--dry-run", "all")
    assert outcome.status == 1
    assert outcome.text.rstrip().endswith("move the checkout to a folder without")
    assert "Traceback" not in outcome.text


def test_the_workflow_has_its_own_library_and_not_that_of_the_plugin(odd: Project) -> None:
    """The plugin may come from another checkout's environment."""
    path = odd.folder / "batchscope" / "config" / "configuration.py"
    whole = path.read_text()
    path.write_text('raise SystemExit("error: of this checkout")')
    (odd.folder / "mine.yaml").write_text("gpus: 0")
    try:
        _, text = dry_run(odd, "--configfile", "mine.yaml")
    finally:
        path.write_text(whole)
    assert text.rstrip().endswith("error: of this checkout")
