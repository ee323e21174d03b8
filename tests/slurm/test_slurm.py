"""The slurm profile on a real Slurm: one node, one fake GPU that Slurm hands out like any other."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any

import pandas as pd
import pytest
import yaml
from support.engines import ended_well, engine_processes, measurement, wait_until
from support.project import ROOT, Outcome, Project

from batchscope.config.configuration import load_config
from batchscope.jobs.forking.engine_copy import SHARED
from batchscope.studies.grid import expand_studies
from batchscope.studies.order import runs_by_engine

pytestmark = [pytest.mark.slurm, pytest.mark.engine, pytest.mark.long, pytest.mark.timeout(1500)]

CLUSTER = ROOT / "tests" / "slurm" / "cluster.sh"
IMPATIENT = str(ROOT / "tests" / "slurm" / "impatient_snakemake.py")
AS_A_USER = ("-m", "snakemake")
"""An executor that asks often forgets its jobs if it is interrupted while it asks."""

SMALL = "configs/ci.yaml"
PROFILE = "results/profiles/saturation/packed-n8/torch"
LONG = {"layout": "packed", "n": 8, "texts": 40, "measure.repeats": 1000}

ALL_KINDS: dict[str, Any] = {
    "gpus": 1,
    "studies": {"saturation": {"set": {"engine.max_num_seqs": 64}}},
    "serving": {"studies": {"layouts": {"set": {"n": 4}, "grid": {"layout": ["packed", "separate"]}}}},
}
"""The small study on two engines instead of one, and a server."""

LOAD_POINTS = ("layouts/packed-n4", "layouts/separate-n4")
LIMIT_S = 1200.0
"""Seconds to wait for a whole call: patience, no measurement. Two slow cores have taken more than 500."""

GPU_JOBS = 4
"""Of `ALL_KINDS`: one for each engine configuration, one for the server, one for the profile."""


TWO_ENGINES: dict[str, Any] = {
    "gpus": 1,
    "studies": {"saturation": {"set": {"layout": "packed", "texts": 40, "engine.max_num_seqs": 64}}},
}
MODEST, GREEDY = (f"packed-n4-output_tokens_per_text-{tokens}" for tokens in (1, 900))
FOUR_WAYS_TO_FAIL: dict[str, Any] = {
    "gpus": 1,
    "studies": {
        # the second asks for more output than its context holds; the prompts alone would fit
        "packing": {
            "set": {"engine.max_model_len": 3000, "layout": "packed"},
            "grid": {"n": [4], "output_tokens_per_text": [1, 900], "layout": ["packed"]},
        },
        "saturation": None,
        "cancelled": {"set": {**LONG, "engine.max_num_seqs": 64}, "include": [{}]},
        "slow": {"set": {**LONG, "engine.max_num_seqs": 65}, "include": [{}]},
        "large": {"set": {**LONG, "engine.max_num_seqs": 66}, "include": [{}]},
    },
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A running Slurm; its daemons are gone afterwards. What an allocation needs it starts itself, as a user's does."""
    folder = tmp_path_factory.mktemp("slurm")
    started = call(str(CLUSTER), "start", str(folder))
    assert started.returncode == 0, started.stdout
    with pytest.MonkeyPatch.context() as shell:
        shell.delenv(SHARED, raising=False)
        yield
    stopped = call(str(CLUSTER), "stop", str(folder))
    assert stopped.returncode == 0, stopped.stdout


@pytest.fixture(scope="module")
def finished(cluster: None, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Packing, saturation, a server and a profiling run, through the profile from end to end.

    Slurm's order is any; here the longest job goes last, for Snakemake asks only now and then what has ended.
    """
    project, blocker = on_cluster(Project(tmp_path_factory.mktemp("cluster"))), occupy_gpu()
    deadline = monotonic() + LIMIT_S
    snakemake = start(project, "all", PROFILE, config=ALL_KINDS)
    if not wait_until(lambda: len(in_queue()) == 1 + GPU_JOBS, 480):
        snakemake.kill()
        pytest.fail(end(snakemake).text)
    saturation = next(name for name, ids in engines_of(ALL_KINDS).items() if "saturation/packed-n8" in ids)
    call("scontrol", "update", f"JobId={job_of(saturation)}", "Nice=1000")
    call("scancel", blocker)
    outcome = end(snakemake, deadline - monotonic())
    assert ended_well(outcome), outcome.text
    return project


def call(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120
    )


def on_cluster(project: Project) -> Project:
    """The profile with the lines edited that a user of this Slurm would edit."""
    path = project.folder / "profiles/slurm/profile.yaml"
    profile = yaml.safe_load(path.read_text())
    here = {"gpu": 1, "gpu_model": "toy", "cpus_per_task": 2, "mem_mb": 6000, "runtime": 5}
    for rule in ("measure", "serve", "profile_run"):
        profile["set-resources"][rule].update(here)
    profile["default-resources"].update(mem_mb=1000, runtime=5)
    profile |= {"slurm-init-seconds-before-status-checks": 2, "seconds-between-status-checks": 2}
    path.write_text(yaml.safe_dump(profile, sort_keys=False))
    return project


def start(
    project: Project, *targets: str, config: dict[str, Any], snakemake: tuple[str, ...] = (IMPATIENT,)
) -> subprocess.Popen[str]:
    (project.folder / ".overlay.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    (project.folder / ".jobs.jsonl").write_text("")
    command = [sys.executable, *snakemake, "--workflow-profile", "profiles/slurm", *targets]
    return subprocess.Popen(
        [*command, "--configfile", SMALL, ".overlay.yaml"],
        cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip


def end(snakemake: subprocess.Popen[str], timeout: float = LIMIT_S) -> Outcome:
    text, _ = snakemake.communicate(timeout=timeout)
    return Outcome(snakemake.returncode, text, [])


def occupy_gpu() -> str:
    """A job that has the GPU until it is cancelled; its number."""
    return call("sbatch", "--parsable", "--gpus=1", "--output=/dev/null", "--wrap=sleep 900").stdout.strip()


def jobs() -> list[dict[str, str]]:
    """All that Slurm knows of jobs, by scontrol's names."""
    shown = call("scontrol", "--oneliner", "show", "jobs").stdout
    return [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in shown.splitlines() if "JobId" in line]


def in_queue() -> list[str]:
    return call("squeue", "--noheader", "--format=%i").stdout.split()


def interval(job: dict[str, str]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(job["StartTime"]), datetime.fromisoformat(job["EndTime"])


def has_gpu(job: dict[str, str]) -> bool:
    return "gpu" in job.get("TresPerJob", "")


def overlap(one: dict[str, str], other: dict[str, str]) -> bool:
    (start_one, end_one), (start_other, end_other) = interval(one), interval(other)
    return start_one < end_other and start_other < end_one


def test_gpu_jobs_go_in_turn_and_cpu_jobs_beside_them(finished: Project) -> None:
    done = [job for job in jobs() if job["JobState"] == "COMPLETED"]
    on_gpu = sorted((job for job in done if has_gpu(job)), key=interval)
    others = [job for job in done if not has_gpu(job)]
    assert len(on_gpu) == GPU_JOBS
    assert not any(overlap(*pair) for pair in pairwise(on_gpu))
    assert any(overlap(job, gpu) for job in others for gpu in on_gpu)
    events = pd.read_parquet(finished.folder / PROFILE / "events.parquet")
    assert len(events) > 0


def test_an_allocation_starts_one_engine(finished: Project) -> None:
    results = {run.id: measurement(finished, run.id) for run in runs_of(ALL_KINDS)}
    assert len(results) == 3
    assert all((result["status"], result["invalid"]) == ("ok", []) for result in results.values())
    engines = engines_of(ALL_KINDS)
    assert len(engines) == 2
    served = [measurement(finished, point, "serving") for point in LOAD_POINTS]
    for shared in (served, *([results[run] for run in ids] for ids in engines.values())):
        assert sorted(result["engine"]["runs_before"] for result in shared) == list(range(len(shared)))
        assert sum(not result["engine"]["reused"] for result in shared) == 1
    assert not engine_processes(finished)


def test_a_local_execution_gives_the_same_but_for_times(
    finished: Project, measured: Project, served: Project
) -> None:
    """The same runs without Slurm, saturation on packing's engine, and the same load points."""
    for folder in ("runs", "prompts", "labels"):
        assert names(measured.results / folder) == names(finished.results / folder)
    assert names(served.results / "serving/layouts") == names(finished.results / "serving/layouts")
    here, there = names(measured.results / "tables"), names(finished.results / "tables")
    assert there - here == {f"serving_layouts.{kind}" for kind in ("csv", "html", "md")}
    assert here <= there
    for run in runs_of(ALL_KINDS):
        assert_same_work(*(measurement(each, run.id) for each in (measured, finished)))
    for point in LOAD_POINTS:
        assert_same_work(*(measurement(each, point, "serving") for each in (served, finished)))
    for study in ("packing", "saturation"):
        pd.testing.assert_frame_equal(
            *(pd.read_parquet(each.results / f"labels/{study}.parquet") for each in (measured, finished))
        )
    tables = [pd.read_csv(each.results / "tables/runs.csv") for each in (measured, finished)]
    assert list(tables[0].columns) == [name for name in tables[1].columns if name != "engine.max_num_seqs"]
    settings = ["study", "run", "status", "valid", "layout", "n", "texts", "prompt_tokens", "output_tokens"]
    pd.testing.assert_frame_equal(*(table[settings] for table in tables))


def assert_same_work(here: dict[str, Any], there: dict[str, Any]) -> None:
    """Two measurements of one run, but for the engine's seats, which put a run on an engine of its own."""
    for one in (here, there):
        one["spec"]["engine"]["args"].pop("max_num_seqs", None)
    assert (here["spec"], here["prompts"]) == (there["spec"], there["prompts"])
    counts = ("requests", "prompt_tokens", "output_tokens", "cached_tokens")
    assert [[one[key] for key in counts] for one in here["repeats"]] == [
        [one[key] for key in counts] for one in there["repeats"]
    ]


@pytest.mark.usefixtures("unchecked")
def test_failures_are_told_and_only_what_is_missing_is_done_again(cluster: None, tmp_path: Path) -> None:
    project, config = on_cluster(Project(tmp_path)), FOUR_WAYS_TO_FAIL
    prepared = project.snakemake("prepare", config=config)
    assert prepared.status == 0, prepared.text
    engine = {ids[0].split("/")[0]: name for name, ids in engines_of(config).items()}
    blocker = occupy_gpu()
    snakemake = start(project, "all", config=config)
    assert wait_until(lambda: len(in_queue()) == 5, 240)
    number = {study: job_of(name) for study, name in engine.items()}
    call("scontrol", "update", f"JobId={number['large']}", "MinMemoryNode=500")
    call("scancel", blocker)
    # Whichever Slurm starts first. A limit in whole minutes is all it takes, but the end may be set to the second.
    endings = {
        "cancelled": ("scancel", number["cancelled"]),
        "slow": ("scontrol", "update", f"JobId={number['slow']}", "EndTime=now+1"),
    }
    logs = {study: log_of(project, engine[study]) for study in endings}

    def measuring() -> list[str]:
        return [study for study in endings if f"{study}/packed-n8: 5 prompts" in logs[study]()]

    while endings:
        assert wait_until(measuring, 480)
        call(*endings.pop(measuring()[0]))
    outcome = end(snakemake)

    assert outcome.status == 1
    told = outcome.text
    assert f"error: packing/{GREEDY}: prompt 0 needs" in told
    assert "1 of its 2 runs had ended and are kept" in told
    assert f"packing/{GREEDY} failed (log: logs/measure/packing/{GREEDY}.log)" in told
    for study, reason in (
        ("cancelled", "CANCELLED"),
        ("slow", "DUE TO TIME LIMIT"),
        ("large", "memory limit"),
    ):
        part = told[told.index(f"allocation {engine[study]} failed") :].split("\nallocation")[0]
        assert reason in part
        assert f"{study}/packed-n8" in part
        assert f"logs/measure/{study}/packed-n8.log" in part
    assert measurement(project, f"packing/{MODEST}")["status"] == "ok"
    assert in_queue() == []
    assert wait_until(lambda: not engine_processes(project), 10)
    missing = {f"packing/{GREEDY}", "cancelled/packed-n8", "slow/packed-n8", "large/packed-n8"}
    assert project.snakemake("all", "-n", config=config).measured == missing
    # what it was made of is on record: a change makes it stale
    changed = {**config, "measure": {"repeats": 3}}
    assert f"packing/{MODEST}" in project.snakemake("all", "-n", config=changed).measured


def test_an_interrupt_leaves_no_job_and_keeps_what_is_done(cluster: None, tmp_path: Path) -> None:
    project = on_cluster(Project(tmp_path))
    assert project.snakemake("prepare", config=TWO_ENGINES).status == 0
    snakemake = start(project, "all", config=TWO_ENGINES, snakemake=AS_A_USER)
    assert wait_until(lambda: any((project.results / "runs").rglob("measurement.json")), 480)
    os.killpg(snakemake.pid, signal.SIGINT)
    outcome = end(snakemake)
    assert outcome.status == 1
    assert "the same call goes on" in outcome.text.lower(), outcome.text
    assert wait_until(lambda: in_queue() == [], 60)
    assert wait_until(lambda: not engine_processes(project), 10)
    done = {
        run.id
        for run in runs_of(TWO_ENGINES)
        if (project.results / "runs" / run.id / "measurement.json").exists()
    }
    again = project.snakemake("all", "-n", config=TWO_ENGINES)
    assert again.measured == {run.id for run in runs_of(TWO_ENGINES)} - done
    changed = {**TWO_ENGINES, "measure": {"repeats": 3}}
    assert done <= project.snakemake("all", "-n", config=changed).measured


def runs_of(config: dict[str, Any]) -> list[Any]:
    """The runs of an overlay over the small study, as Snakemake merges them."""
    from snakemake.utils import update_config

    values = yaml.safe_load((ROOT / "config.yaml").read_text())
    update_config(values, yaml.safe_load((ROOT / SMALL).read_text()))
    update_config(values, config)
    return expand_studies(load_config(values))


def engines_of(config: dict[str, Any]) -> dict[str, list[str]]:
    return runs_by_engine(runs_of(config))


def job_of(engine: str) -> str:
    waiting = [job for job in jobs() if job["JobState"] == "PENDING"]
    return next(job["JobId"] for job in waiting if job.get("Comment") == f"rule_{engine}_measure")


def log_of(project: Project, engine: str) -> Callable[[], str]:
    folder = project.folder / "logs/slurm" / f"group_{engine}_measure"
    return lambda: "".join(path.read_text() for path in folder.glob("*.log"))


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
