"""What the cluster's profile rests on, without a cluster: settings, what is kept and told, the queue's simulation."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.project import ROOT, Project

from batchscope.config.configuration import load_config
from batchscope.jobs import supervise
from batchscope.jobs.cluster import Allocation, explain, kept_measurements, log_folder, restore
from batchscope.jobs.engine_pool import state_folder
from batchscope.planning.cluster_queue import ALLOCATION_S, RUN_S, allocations, describe_queue, schedule
from batchscope.planning.cluster_queue import Allocation as Queued
from batchscope.planning.sweep_plan import plan_runs
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.order import runs_by_engine

PROFILE = ROOT / "profiles/slurm/profile.yaml"


def measured(folder: Path, text: str) -> None:
    folder.mkdir(parents=True)
    (folder / "steps.parquet").write_text(text)
    (folder / "measurement.json").write_text(text)


def test_a_finished_run_is_put_back_and_an_earlier_one_is_not(tmp_path: Path) -> None:
    measured(tmp_path / "history/study/old/20260101T000000", "earlier")
    measured(tmp_path / "history/study/new/20260101T000000", "earlier")
    old, new = tmp_path / "runs/study/old", tmp_path / "runs/study/new"
    earlier = {out: kept_measurements(out) for out in (old, new)}
    measured(tmp_path / "history/study/new/20260101T000100", "this call")
    (tmp_path / "history/study/old/20260101T000100").mkdir()  # cut off before its measurement.json
    assert not restore(old, earlier[old])
    assert not old.exists()
    assert restore(new, earlier[new])
    assert (new / "measurement.json").read_text() == "this call"
    assert (new / "steps.parquet").read_text() == "this call"


def test_a_load_point_is_put_back_from_a_history_of_its_own(tmp_path: Path) -> None:
    measured(tmp_path / "history/serving/study/run/20260101T000000", "this call")
    point = tmp_path / "serving/study/run"
    assert not restore(tmp_path / "runs/study/run", set())
    assert restore(point, set())
    assert (point / "measurement.json").read_text() == "this call"


def test_a_result_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    measured(tmp_path / "history/study/run/20260101T000000", "this call")
    measured(tmp_path / "runs/study/run", "there")
    assert restore(tmp_path / "runs/study/run", set())
    assert (tmp_path / "runs/study/run/measurement.json").read_text() == "there"


LOG = """\
localrule measure:
study/done: 4 prompts, 1,056 prompt tokens, 2 repeats
error: study/refused: prompt 0 needs 10483 tokens
  raise engine.args.max_model_len
study/cut: 40 prompts, 9,000 prompt tokens, 2 repeats
slurmstepd: error: *** STEP 7.0 ON node CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***
srun: Job step aborted: Waiting up to 4 seconds for job step to finish.
"""


def test_a_failed_allocation_names_its_runs_their_logs_and_the_cause(tmp_path: Path) -> None:
    for name, text, time in (("6.log", "error: an earlier one", 1), ("7.log", LOG, 2)):
        (tmp_path / name).write_text(text)
        os.utime(tmp_path / name, (time, time))
    runs = {f"study/{name}": Path(f"logs/{name}.log") for name in ("done", "refused", "cut", "waiting")}
    assert explain(Allocation("allocation demo-cpu-123456", tmp_path, runs), ["study/done"]).splitlines() == [
        f"allocation demo-cpu-123456 failed (log: {tmp_path}/7.log)",
        "  error: study/refused: prompt 0 needs 10483 tokens",
        "    raise engine.args.max_model_len",
        "  slurmstepd: error: *** STEP 7.0 ON node CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***",
        "  study/refused failed (log: logs/refused.log)",
        "  study/cut was in progress (log: logs/cut.log)",
        "  study/waiting did not start",
        "  1 of its 4 runs had ended and are kept",
    ]


def test_a_job_without_a_log_is_named_too(tmp_path: Path) -> None:
    text = explain(Allocation("job plot", tmp_path / "missing", {}), [])
    assert text == "job plot failed: it did not start; Snakemake's message above says why"


def test_log_folders_are_those_of_the_executor() -> None:
    assert log_folder(Path("logs"), "demo_measure", True, ()) == Path("logs/group_demo_measure")
    assert log_folder(Path("logs"), "plot", False, ("a/b", "c")) == Path("logs/rule_plot/a_b_c")


def test_runs_of_one_engine_share_an_allocation() -> None:
    runs = expand_studies(load_config({}))
    engines = runs_by_engine(runs)
    assert sorted(run for ids in engines.values() for run in ids) == sorted(run.id for run in runs)
    configurations = {run.id: run.engine.model_dump() for run in runs}
    assert all(len({str(configurations[run]) for run in ids}) == 1 for ids in engines.values())
    assert len(engines) == len({str(each) for each in configurations.values()})
    assert all(re.fullmatch(r"demo-cpu-[0-9a-f]{6}", name) for name in engines)


def test_an_allocation_has_its_engines_on_its_own_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert state_folder() == Path(".snakemake/batchscope")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    first = state_folder()
    monkeypatch.setenv("SLURM_JOB_ID", "8")
    assert first != state_folder()
    assert first.is_absolute()


def test_allocations_that_count_gpus_from_0_do_not_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("SLURM_STEP_GPUS", "3")
    with supervise.device_lock("cuda", 1) as held:
        assert held == ["0"], "the engine gets the name that it knows"
        assert not supervise.device_is_free("cuda", 1)
        monkeypatch.setenv("SLURM_STEP_GPUS", "5")
        assert supervise.device_is_free("cuda", 1)
    assert {path.name for path in tmp_path.glob("*.lock")} == {f"vllm-batchscope-{n}.lock" for n in (3, 5)}


def test_allocations_are_placed_where_room_is_first() -> None:
    queue = [Queued("a", 1, 1, 60), Queued("b", 1, 1, 30), Queued("c", 1, 1, 20), Queued("d", 1, 2, 10)]
    assert [(each.node, each.start, each.end) for each in schedule(queue[:3], 2, 1)] == [
        (1, 0, 60), (2, 0, 30), (2, 30, 50),
    ]  # fmt: skip
    # one node with two GPUs: the last needs both
    assert [(each.start, each.end) for each in schedule(queue, 1, 2)] == [
        (0, 60),
        (0, 30),
        (30, 50),
        (60, 70),
    ]
    text = describe_queue(schedule(queue[:3], 2, 1), 2, 1)
    assert "Wall time: about 1.0 minutes" in text
    assert "GPU hours: 0.03; GPUs in use 92% of the time." in text
    assert "More nodes change nothing" in text


def test_an_allocation_starts_its_engine_once(tmp_path: Path) -> None:
    config = load_config({})
    runs = expand_studies(config)
    points = {f"serving/{run.id}" for run in expand_serving(config)}
    stale = {run.id for run in runs if run.id != "packing/packed-n4"} | points
    planned = plan_runs(config, tmp_path, dict.fromkeys(stale, "stale"))
    queue = allocations(planned)
    assert sum(each.runs for each in queue) == len(stale)
    assert [each.runs for each in queue if each.name.startswith("server-")] == [len(points)]
    first = [run for run in planned if run.run in runs_by_engine(runs)[queue[0].name] and run.stale]
    work = sum(run.seconds for run in first)
    assert queue[0].seconds == pytest.approx(ALLOCATION_S + 25 + work + RUN_S * len(first))


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
