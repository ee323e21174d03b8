"""Steps recorded in the scheduler: all of them, with every token, offline and in the server."""

import json
import os
import socket
import subprocess
import urllib.request
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.engines import measurement, wait_until
from support.project import Project

pytestmark = pytest.mark.engine

TINY_CACHE = {
    "engine": {"args": {"kv_cache_memory_bytes": 1 << 20, "max_model_len": 1536}},
    "workload": {"output_tokens_per_text": 150, "texts": 16},
    "measure": {"warmup_tokens": 0},
    "studies": {"packing": {"grid": {"layout": ["separate"]}}, "saturation": None},
}


def steps_of(project: Project, run: str) -> list[dict]:
    return pq.read_table(project.results / "runs" / run / "steps.parquet").to_pylist()


def assert_closed(project: Project, run: str) -> None:
    """Each token was scheduled once, the last one of a request never, and lost ones again."""
    steps = steps_of(project, run)
    for number, repeat in enumerate(measurement(project, run)["repeats"]):
        rows = [row for row in steps if row["repeat"] == number]
        total = {name: sum(row[name] for row in rows) for name in rows[0]}
        once = total["prefill_tokens"] + total["decode_tokens"] + total["cached_tokens"]
        fed_back = repeat["output_tokens"] - repeat["requests"]
        assert once - total["discarded_tokens"] == repeat["prompt_tokens"] + fed_back
        assert [row["step"] for row in rows] == list(range(repeat["steps"]))


@pytest.mark.parametrize("run", ["packing/packed-n4", "packing/separate-n4", "saturation/packed-n8"])
def test_every_token_is_in_a_step(measured: Project, run: str) -> None:
    assert_closed(measured, run)
    repeats = measurement(measured, run)["repeats"]
    for row in steps_of(measured, run):
        assert 0 <= row["scheduled_s"] < row["finished_s"] < repeats[row["repeat"]]["seconds"]
        assert 0 < row["kv_cache_usage"] < 1
        assert row["running"] >= row["requests"] >= 1


def test_the_state_is_that_inside_the_step(measured: Project) -> None:
    """Five prompts of about 2,100 tokens, 4,096 tokens a step: two whole ones and a part first."""
    first, second = steps_of(measured, "saturation/packed-n8")[:2]
    assert (first["prefill_tokens"], first["decode_tokens"]) == (4096, 0)
    assert first["running"] + first["waiting"] == 5
    assert second["prefill_tokens"] + second["decode_tokens"] == 4096
    assert second["decode_tokens"] >= 1


def test_the_hardware_is_sampled_at_both_ends(measured: Project) -> None:
    run = "saturation/packed-n8"
    rows = pq.read_table(measured.results / "runs" / run / "hardware.parquet").to_pylist()
    for number, repeat in enumerate(measurement(measured, run)["repeats"]):
        times = [row["time_s"] for row in rows if row["repeat"] == number]
        assert times[0] < 0 <= repeat["seconds"] <= times[-1]
    assert all(row["memory_used_bytes"] > 100 << 20 for row in rows)
    assert all(0 <= row["utilization"] <= 1.01 for row in rows if row["utilization"] is not None)


@pytest.mark.parametrize("run", ["packing/packed-n4", "saturation/packed-n8"])
def test_as_many_rows_as_the_engine_counts_steps(measured: Project, run: str) -> None:
    """configs/ci.yaml has vLLM log a line for each iteration: as many as rows, with the same tokens."""
    log = (measured.folder / "logs" / "measure" / f"{run}.log").read_text()
    repeats = log[log.index("warm-up:") :]  # what the warm-up took is said when it is over
    logged = [line for line in repeats.splitlines() if "Iteration(" in line]
    steps = steps_of(measured, run)
    assert len(logged) == len(steps) >= 8
    for line, row in zip(logged, steps, strict=True):
        assert f" {row['prefill_tokens']} context tokens" in line
        assert f" {row['decode_tokens']} generation tokens" in line


def test_preempted_requests_are_counted_and_the_tokens_still_close(project: Project) -> None:
    outcome = project.snakemake("all", "--until", "measure", config=TINY_CACHE)
    assert outcome.status == 0, outcome.text
    steps = steps_of(project, "packing/separate-n4")
    assert sum(row["preempted"] for row in steps) > 0
    assert sum(row["discarded_tokens"] for row in steps) > 0
    assert_closed(project, "packing/separate-n4")
    assert measurement(project, "packing/separate-n4")["invalid"] == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url: str, body: dict | None = None) -> bytes | None:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.read()
    except OSError:
        return None


def test_the_server_records_its_steps_too(measured: Project, tmp_path: Path) -> None:
    port, steps, root = free_port(), tmp_path / "steps", str(measured.folder)
    server = subprocess.Popen(
        [
            root + "/.engines/cpu/bin/python", "-m", "vllm.entrypoints.openai.api_server",
            "--model", root + "/results/models/demo", "--load-format", "dummy", "--host", "127.0.0.1",
            "--port", str(port), "--enforce-eager", "--kv-cache-memory-bytes", str(64 << 20),
            "--scheduler-cls", "batchscope.worker.telemetry.steps.recording_scheduler",
        ],
        env={**os.environ, "PYTHONPATH": root, "BATCHSCOPE_STEPS": str(steps), "HF_HUB_OFFLINE": "1"},
        stdout=(tmp_path / "log").open("wb"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        base = f"http://127.0.0.1:{port}"
        up = wait_until(lambda: server.poll() is not None or answers(base + "/health") is not None, 120)
        assert up, "no answer in two minutes"
        assert server.poll() is None, (tmp_path / "log").read_text()
        body = {"model": root + "/results/models/demo", "prompt": list(range(10, 60)), "max_tokens": 3}
        assert answers(base + "/v1/completions", {**body, "ignore_eos": True})
        # 50 prompt tokens, then two tokens fed back, one a step
        script = (
            "import json, sys; from pathlib import Path; from batchscope.worker.telemetry.steps import StepFile; "
            "print(json.dumps(list(StepFile(Path(sys.argv[1])).rows())))"
        )
        read = subprocess.run(
            [root + "/.engines/cpu/bin/python", "-c", script, str(steps)],
            env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        rows = json.loads(read.stdout.splitlines()[-1])
        assert [(row["prefill_tokens"], row["decode_tokens"]) for row in rows] == [(50, 0), (0, 1), (0, 1)]
    finally:
        server.terminate()
        server.wait(30)
