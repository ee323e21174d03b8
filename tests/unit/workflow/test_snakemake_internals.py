"""Snakemake's internals that we use: the installed Snakemake still has them, and they still do what we need."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

import pytest
from support.engines import wait_until
from support.project import ROOT

SNAKEFILE = """
import time
from batchscope.workflow import snakemake_internals as internals

internals.limit_resource(workflow, "device", 1)
internals.run_locally(workflow, ["take"])
internals.name_groups(workflow, ["engine-a", "engine-b"], "engine")
assert workflow.parent_groupids == {"engine-a": "engine", "engine-b": "engine"}


def together(wildcards):
    internals.keep_group_together(workflow, "engine", 3)
    return []


onstart:
    names = sorted(f"{job.rule.name}-{internals.wildcards_of(job).get('name', '')}" for job in internals.jobs_to_run(workflow))
    print("to run:", " ".join(names))
    print("submits:", internals.submits_jobs(workflow), "cluster:", internals.is_on_cluster(workflow))
    print("remote:", internals.is_remote(workflow), "first:", internals.is_first_parse(workflow))
    print("alone:", all(internals.members(job) == [job] for job in internals.jobs_to_run(workflow)))
    print("logs:", internals.submission_logs(workflow))


onsuccess:
    print("finished:", all(internals.is_finished(workflow, job) for job in workflow.dag.jobs))
    print("keep going:", workflow.execution_settings.keep_going)
    print("failed submissions:", internals.failed_submissions(workflow))


rule all:
    input: expand("{name}.txt", name=["a", "b", "c"])


rule take:
    input: together
    output: "{name}.txt"
    resources: device=1
    shell: "date +%s.%N > {output}; sleep 0.3; date +%s.%N >> {output}"
"""


@pytest.fixture
def called(tmp_path: Path) -> tuple[subprocess.CompletedProcess[str], Path]:
    (tmp_path / "Snakefile").write_text(dedent(SNAKEFILE))
    call = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "3", "--directory", str(tmp_path), "all"],
        cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return call, tmp_path


def test_every_function_does_on_this_snakemake_what_it_promises(
    called: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    call, folder = called
    text = call.stdout + call.stderr
    assert call.returncode == 0, text
    assert "to run: all- take-a take-b take-c" in text
    assert "submits: False cluster: False" in text
    assert "remote: False first: True" in text
    assert "alone: True" in text
    assert "logs: .snakemake/slurm_logs" in text
    assert "finished: True" in text
    assert "keep going: False" in text, "only inside an allocation is it switched on"
    assert "failed submissions: []" in text
    spans = sorted(tuple(map(float, (folder / f"{name}.txt").read_text().split())) for name in "abc")
    assert all(end <= start for (_, end), (start, _) in pairwise(spans)), "one at a time"


def test_a_limit_that_the_user_gave_is_kept(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(
        "from batchscope.workflow import snakemake_internals as internals\n"
        "internals.limit_resource(workflow, 'device', 1)\n"
        "print('limit', workflow.global_resources['device'])\n"
        "rule all:\n    shell: 'true'\n"
    )
    call = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", "--cores", "1", "all", "--resources", "device=7"],
        cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert call.returncode == 0, call.stdout + call.stderr
    assert 'limit Resource("device", 7)' in call.stdout + call.stderr


TOLD_WHILE_A_JOB_ENDS = """
import os, signal, sys
from snakemake.jobs import Job
from batchscope.workflow import snakemake_internals as internals

if "yes" in config["ours"]:
    internals.end_when_told()
noted = Job.postprocess

async def told(job, *arguments, **more):
    os.kill(os.getpid(), getattr(signal, config["signal"]))
    await noted(job, *arguments, **more)

Job.postprocess = told

rule all:
    input: "b"

rule second:
    input: "a"
    output: "b"
    shell: "touch {output}"

rule first:
    output: "a"
    shell: "touch {output}"
"""


def told_while_a_job_ends(folder: Path, signal: str, ours: str) -> int | None:
    """Exit status of a Snakemake that gets a signal while it notes a job's end; None: it had to be killed."""
    (folder / "Snakefile").write_text(TOLD_WHILE_A_JOB_ENDS)
    config = ["--config", f"signal={signal}", f"ours={ours}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", "all", *config],
        cwd=folder, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(folder)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert wait_until((folder / "a").exists, 120)
    try:
        return process.wait(120 if ours == "yes" else 5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT"])
def test_a_signal_while_a_job_s_end_is_noted_ends_the_call(tmp_path: Path, signal: str) -> None:
    assert told_while_a_job_ends(tmp_path, signal, "yes") == 1
    assert (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists(), "nothing more was started"


def test_snakemake_alone_would_wait_for_ever(tmp_path: Path) -> None:
    """When this fails, Snakemake has put it right, and `end_when_told` may go."""
    assert told_while_a_job_ends(tmp_path, "SIGTERM", "no") is None
