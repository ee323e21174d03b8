"""The real server under the real client: what comes back, and each way in which it can fail."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from support.engine_python import run_beside_vllm
from support.engines import engine_processes, is_sound, start, wait_until, words_of
from support.project import ROOT, Project
from support.served_studies import SLOW, STUDIES, WORK, serving
from support.serving_clients import TURNS, ratios
from tokenizers import Tokenizer

from batchscope.jobs.device_lock import device_lock

pytestmark = pytest.mark.engine


def one(values: dict, **block) -> dict:
    return serving({"one": {"set": WORK, "include": [values]}}, **block)


def folder(project: Project, point: str) -> Path:
    return project.results / "serving" / point


def measurement(project: Project, point: str) -> dict:
    return json.loads((folder(project, point) / "measurement.json").read_text())


def targets(*points: str) -> list[str]:
    return [f"results/serving/{point}/measurement.json" for point in points]


@contextmanager
def started(project: Project, point: str, config: dict) -> Iterator[subprocess.Popen[str]]:
    """Snakemake that measures one load point; whatever happens, it is gone at the end."""
    (project.folder / ".overlay.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    snakemake = start(project, *targets(point), "configs/ci.yaml", ".overlay.yaml")
    try:
        yield snakemake
    finally:
        snakemake.kill()


@pytest.fixture
def served_copy(served: Project, tmp_path: Path) -> Project:
    """That checkout for this test alone: the prompts for `WORK` are there."""
    return served.copy(tmp_path / "served")


POINTS = {
    "layouts/packed-n4": (1, 4),
    "layouts/separate-n4": (4, 4),
    "closed_loop/packed-n4-c1-req60": (60, 240),
    "closed_loop/packed-n4-c4-req60": (60, 240),
    "open_loop/separate-n1-rate50": (100, 100),
    "reuse/separate-n1-reuse-none-c8-prompts-ids": (80, 80),
    "reuse/separate-n1-reuse-full-c8-prompts-ids": (80, 80),
}
"""Load point to its requests and output tokens."""


@pytest.mark.parametrize("point", POINTS)
def test_all_of_the_work_is_done_by_the_engine(served: Project, point: str) -> None:
    result = measurement(served, point)
    assert is_sound(result), result["invalid"]
    (repeat,) = result["repeats"]
    assert (repeat["requests"], repeat["output_tokens"]) == POINTS[point]
    client = pd.read_parquet(folder(served, point) / "client.parquet")
    assert client["error"].isna().all()
    assert client["prompt_tokens"].sum() == repeat["prompt_tokens"]
    steps = pd.read_parquet(folder(served, point) / "steps.parquet")
    fed = repeat["prompt_tokens"] + repeat["output_tokens"] - repeat["requests"]
    assert steps[["prefill_tokens", "decode_tokens", "cached_tokens"]].sum().sum() == fed
    assert repeat["cached_tokens"] == result["expected_cached_tokens"]
    assert (repeat["cached_tokens"] > 0) == ("reuse-full" in point)
    # client and server are on one clock: nothing is scheduled before it is sent, or answered before it is computed
    assert steps["scheduled_s"].min() > 0
    assert (client["sent_s"] + client["e2el_s"]).max() > steps["finished_s"].max()


def test_one_server_for_all_loads_of_its_configuration(served: Project) -> None:
    starts = [point for point in POINTS if not measurement(served, point)["engine"]["reused"]]
    assert len(starts) == 2, "one without, one with the prefix cache"
    assert wait_until(lambda: not engine_processes(served), 10)


@pytest.mark.parametrize("point", [point for point in POINTS if "layouts" not in point])
def test_statistics_from_the_arrays_are_those_of_vllm(served: Project, point: str) -> None:
    bench = json.loads((folder(served, point) / "bench.json").read_text())
    table = pd.read_csv(served.results / "tables" / f"serving_{point.partition('/')[0]}.csv")
    row = table[table["run"] == point.partition("/")[2]].iloc[0]
    several = bench["total_output_tokens"] > bench["completed"]
    for kind in ("ttft", "tpot", "itl", "e2el"):
        for statistic in ("mean", "median", "p90", "p95", "p99"):
            name = f"{statistic}_{kind}_ms"
            if kind in ("ttft", "e2el") or several:
                assert row[name] == pytest.approx(bench[name], rel=1e-9)
            else:
                assert name not in row or np.isnan(row[name]), "undefined, where vLLM says 0"
    assert row["request_throughput"] == pytest.approx(bench["request_throughput"])
    assert row["total_token_throughput"] == pytest.approx(bench["total_token_throughput"])


MOODS = {
    "labels": [{"name": "very good", "spellings": ["positive"]}, {"name": "bad", "spellings": ["negative"]}]
}
SEVERAL = {
    "task": MOODS,
    **serving(
        {
            "answers": {
                # The last prompt of a pass holds fewer texts, so that each size needs a grammar of its own.
                "set": {"layout": "packed", "n": 4, "texts": 6},
                "grid": {"answer": ["labels", "json", "codes"]},
            },
            "slow": {"set": WORK, "include": [{"load.max_concurrency": 1}, {**SLOW, "load.timeout_s": 5}]},
            "three_tokens": {
                "set": {**WORK, "texts": 1, "output_tokens_per_text": 3},
                "include": [{"load.max_concurrency": 1}],
            },
            "too_long": {"set": {**WORK, "texts": 20}, "include": [{"load.max_concurrency": 4}]},
        }
    ),
}
"""Loads on one server; the one that takes too long, which costs the server, comes last."""
ANSWERS = {form: f"answers/packed-n4-decoding-{form}" for form in ("labels", "json", "codes")}
FIRST, LATE = "slow/separate-n1-c1", "slow/separate-n1-rate2-timeout_s-5"
THREE_TOKENS, TOO_LONG = "three_tokens/separate-n1-c1", "too_long/separate-n1-c4"

on_one_server = pytest.mark.xdist_group("several loads")


@pytest.fixture(scope="module")
def several(prepared_once: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A checkout in which these loads were measured, one with a text that is not as long as it was counted."""
    project = prepared_once.copy(tmp_path_factory.mktemp("several") / "loads")
    assert project.snakemake("prepare", config=SEVERAL).status == 0
    texts = project.results / "prompts" / "demo-separate-r20" / "texts.jsonl"
    first, *others = texts.read_text().splitlines()
    texts.write_text("\n".join([json.dumps(json.loads(first) * 500), *others]) + "\n")
    points = targets(*ANSWERS.values(), FIRST, LATE, THREE_TOKENS, TOO_LONG)
    with pytest.MonkeyPatch.context() as shell:
        shell.setenv("VLLM_API_KEY", "of the shell")  # which would shut the client out
        outcome = project.snakemake(*points, "results/tables/serving_too_long.html", config=SEVERAL)
    assert outcome.status == 0, outcome.text
    assert "not passed on to vLLM: VLLM_API_KEY" in outcome.text
    assert wait_until(lambda: not engine_processes(project), 10)
    return project


@on_one_server
def test_one_server_had_all_of_these_loads(several: Project) -> None:
    engines = [
        measurement(several, point)["engine"] for point in (*ANSWERS.values(), FIRST, THREE_TOKENS, TOO_LONG)
    ]
    assert sum(not engine["reused"] for engine in engines) == 1
    assert sorted(engine["runs_before"] for engine in engines) == list(range(len(engines)))


@on_one_server
@pytest.mark.parametrize("form", ANSWERS)
def test_answers_are_restricted_as_offline(several: Project, form: str) -> None:
    result = measurement(several, ANSWERS[form])
    assert is_sound(result), result["invalid"]
    texts = list(pd.read_parquet(folder(several, ANSWERS[form]) / "client.parquet")["text"])
    assert len(texts) == 2
    if form == "codes":
        assert [set(text.replace(" ", "")) <= set("AB") for text in texts] == [True, True]
    elif form == "json":
        assert [len(json.loads(text)) for text in texts] == [4, 2]
    else:
        found = [line.strip() for text in texts for line in text.split("\n")]
        assert len(found) == 6
        assert set(found) <= {"very good", "bad"}


@on_one_server
def test_the_server_records_its_steps_too(several: Project) -> None:
    """All prompt tokens, then two tokens fed back, one a step."""
    result = measurement(several, THREE_TOKENS)
    assert is_sound(result), result["invalid"]
    (repeat,) = result["repeats"]
    assert (repeat["requests"], repeat["output_tokens"]) == (1, 3)
    steps = pd.read_parquet(folder(several, THREE_TOKENS) / "steps.parquet")
    counts = steps[["prefill_tokens", "decode_tokens"]].to_numpy().tolist()
    assert counts == [[repeat["prompt_tokens"], 0], [0, 1], [0, 1]]
    client = pd.read_parquet(folder(several, THREE_TOKENS) / "client.parquet")
    assert client["output_tokens"].tolist() == [3]
    assert client["error"].isna().all()


def test_page_and_figures(served: Project) -> None:
    page = (served.results / "tables" / "serving_layouts.md").read_text()
    for line in ("Successful requests", "Mean TTFT (ms)", "P99 ITL (ms)", "Median TPOT (ms)"):
        assert line in page
    assert "undefined at 1 output token" in page
    timelines = served.results / "timelines" / "serving_open_loop"
    assert (timelines / "separate-n1-rate50.svg").exists()
    assert (served.results / "plots" / "serving_closed_loop.svg").exists()


def test_other_limits_and_another_port_measure_nothing_again(served_copy: Project) -> None:
    config = serving(STUDIES, slo={"ttft_ms": 1}, port=8000)
    outcome = served_copy.snakemake("results/tables/serving_open_loop.html", "--dry-run", config=config)
    assert outcome.rules["serve"] == 0
    assert outcome.rules["report_serving"] == 1


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_plain_client_sees_the_same_latencies(served: Project, tmp_path: Path) -> None:
    """They take turns, request by request (support/serving_clients.py says how they are compared)."""
    model = served.results / "models" / "demo"
    texts = pd.read_csv(served.results / "data" / "texts.csv")["text"].head(16)
    text, tokens = "\n".join(texts), 16
    prompt_tokens = len(Tokenizer.from_file(str(model / "tokenizer.json")).encode(text).ids)
    args = yaml.safe_load((ROOT / "config.yaml").read_text())["engine"]["args"]
    args = {key: value for key, value in args.items() if value not in (None, {})}
    job = {
        "model": str(model), "args": args, "text": text, "prompt_tokens": prompt_tokens, "tokens": tokens,
        "out": str(tmp_path / "found.json"),
    }  # fmt: skip
    (tmp_path / "job.json").write_text(json.dumps(job))
    with device_lock("cpu", 1):
        run_beside_vllm("support.serving_clients", tmp_path / "job.json", folder=tmp_path, seconds=800)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["without_token"] == 401
    assert len(found["bench"]) == len(found["plain"]) >= TURNS
    for kind in ("ttft", "e2el"):
        found_ratios = ratios(found, kind)
        assert min(abs(ratio - 1) for ratio in found_ratios) <= 0.05, f"{kind}: {found_ratios}"


@pytest.mark.parametrize("victim", ["batchscope.worker.server.vllm_command", "VLLM::EngineCore"])
def test_a_server_killed_in_mid_run_is_a_result(served_copy: Project, victim: str) -> None:
    with started(served_copy, "one/separate-n1-rate2", one(SLOW)) as snakemake:
        logs = served_copy.folder / ".snakemake" / "batchscope"

        def is_under_load() -> bool:
            assert snakemake.poll() is None
            return any("requests, 2 a second" in path.read_text() for path in logs.rglob("*.log"))

        assert wait_until(is_under_load, 300)
        for process in engine_processes(served_copy):
            if victim in words_of(process):
                process.kill()
        text, _ = snakemake.communicate(timeout=120)
    assert snakemake.returncode == 0, text
    result = measurement(served_copy, "one/separate-n1-rate2")
    assert result["status"] == "died", text
    assert result["message"]
    assert wait_until(lambda: not engine_processes(served_copy), 10)


@on_one_server
def test_a_load_that_takes_too_long_is_a_result(several: Project) -> None:
    """The server is there already, so it is the load that takes too long."""
    assert measurement(several, FIRST)["status"] == "ok"
    result = measurement(several, LATE)
    assert (result["status"], result["repeats"]) == ("timeout", [])
    assert "raise serving.load.timeout_s" in result["message"]


def test_a_port_that_is_taken_is_named(served_copy: Project) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        outcome = served_copy.snakemake(
            *targets("one/separate-n1-c1"), config=one({"load.max_concurrency": 1}, port=port)
        )
    assert outcome.status != 0
    assert f"port {port} on 127.0.0.1: Address already in use" in outcome.text
    assert "serving.port" in outcome.text
    assert "or to null for any that is" in outcome.text
    assert "Traceback" not in outcome.text
    assert wait_until(lambda: not engine_processes(served_copy), 10)


@on_one_server
def test_requests_above_the_context_limit_fail_and_are_named(several: Project) -> None:
    """What is too long by its count is refused before a server starts; a text that is not as counted fails there."""
    result = measurement(several, TOO_LONG)
    codes = {reason["code"]: reason["detail"] for reason in result["invalid"]}
    assert {"requests", "output_tokens"} <= codes.keys()
    assert "Bad Request" in codes["requests"]
    assert result["repeats"][0]["failed"] > 0
    assert "invalid: requests" in (several.results / "tables" / "serving_too_long.md").read_text()
    tight = {**SEVERAL, "engine": {"args": {"max_model_len": 32}}}
    refused = several.snakemake(*targets(TOO_LONG), config=tight)
    assert refused.status != 0
    assert "raise engine.args.max_model_len" in refused.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_the_workflow_is_ended(served_copy: Project, number: int) -> None:
    with started(served_copy, "one/separate-n1-rate2", one(SLOW)) as snakemake:

        def has_engine() -> bool:
            assert snakemake.poll() is None
            return any("VLLM::" in words_of(process) for process in engine_processes(served_copy))

        assert wait_until(has_engine, 300)
        os.killpg(snakemake.pid, number) if number == signal.SIGINT else os.kill(snakemake.pid, number)
        snakemake.communicate(timeout=60)
    assert wait_until(lambda: not engine_processes(served_copy), 15)
    assert not (folder(served_copy, "one/separate-n1-rate2") / "measurement.json").exists()
