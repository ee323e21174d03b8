"""Steps recorded in the scheduler: all of them, with every token; those of the server are in test_server.py."""

import pyarrow.parquet as pq
import pytest
from support.engines import measurement
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


def test_preempted_requests_are_counted_and_the_tokens_still_close(prepared: Project) -> None:
    outcome = prepared.snakemake("all", "--until", "measure", config=TINY_CACHE)
    assert outcome.status == 0, outcome.text
    steps = steps_of(prepared, "packing/separate-n4")
    assert sum(row["preempted"] for row in steps) > 0
    assert sum(row["discarded_tokens"] for row in steps) > 0
    assert_closed(prepared, "packing/separate-n4")
    assert measurement(prepared, "packing/separate-n4")["invalid"] == []
