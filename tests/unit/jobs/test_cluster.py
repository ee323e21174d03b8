"""What is kept and told of a cluster's jobs, without a cluster."""

import os
from pathlib import Path

from batchscope.jobs.cluster import Allocation, explain, kept_measurements, log_folder, restore


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
