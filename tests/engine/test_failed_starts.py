"""Engines that do not start: tried once, told once and whole, and gone in seconds, whatever hangs."""

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml
from support.engines import engine_processes, measurement, start, wait_until, words_of
from support.project import Project
from support.served_studies import SLOW, WORK, serving

from batchscope.jobs.device_lock import device_is_free

pytestmark = pytest.mark.engine

RUN = "results/runs/packing/packed-n4/measurement.json"
ONLY_VLLM_KNOWS = {
    "engine.extra.kv_transfer_config.kv_connector": "Nope",
    "engine.extra.kv_transfer_config.kv_role": "kv_both",
}
EIGHT_RUNS = {
    "studies": {
        "packing": {
            "set": ONLY_VLLM_KNOWS,
            "grid": {"layout": ["packed"], "measure.repeats": list(range(2, 10))},
        }
    }
}


@pytest.mark.long
def test_eight_runs_ask_once_for_an_engine_that_cannot_start_and_all_else_is_measured(
    prepared: Project,
) -> None:
    outcome = prepared.snakemake("all", config=EIGHT_RUNS)
    refused = {run for run in outcome.measured if run.startswith("packing/")}
    assert outcome.status != 0
    assert len(refused) == 8
    assert outcome.text.count("did not start for an earlier run, and is not started again") == 7
    assert measurement(prepared, "saturation/packed-n8")["status"] == "ok"
    end = outcome.text[outcome.text.rindex("error: ") :]
    assert end.startswith("error: the engine does not accept 8 runs\n")
    for words in (*refused, "connector type: Nope", "engine.args.extra.kv_transfer_config"):
        assert words in end
    assert outcome.text.count("connector type: Nope") == 1
    log = prepared.folder / end.rpartition("Log: ")[2].strip()
    assert "connector type: Nope" in log.read_text()
    assert "not accepted by the engine: " in (prepared.results / "tables" / "packing.md").read_text()
    assert not (prepared.results / "checked.json").exists()
    assert prepared.snakemake("all", "--dry-run", config=EIGHT_RUNS).measured == set(), (
        "it would say no again"
    )


@pytest.mark.usefixtures("unchecked")
def test_the_cause_is_the_end_of_the_console_and_its_remedy_works(prepared: Project) -> None:
    """One of pydantic's, which has several lines, and no chunks, so that a step must hold the longest prompt."""
    steps = {"max_num_batched_tokens": 64, "extra": {"enable_chunked_prefill": False}}
    outcome = prepared.snakemake(RUN, config={"engine": {"args": steps}})
    assert outcome.status != 0
    assert "Traceback" not in outcome.text
    end = outcome.text[outcome.text.rindex("error: ") :].splitlines()
    assert end[0] == "error: the engine does not accept 1 run"
    assert end[2].strip() == "ValidationError: 1 validation error for SchedulerConfig"
    assert "max_num_batched_tokens (64) is smaller than max_model_len (16384)" in end[3]
    assert "engine.args.max_model_len or engine.args.max_num_batched_tokens" in end[-2]
    assert end[-1].strip() == "Log: logs/measure/packing/packed-n4.log"
    assert measurement(prepared, "packing/packed-n4")["status"] == "refused"
    remedied = prepared.snakemake(
        RUN, config={"engine": {"args": {**steps, "max_num_batched_tokens": 16384}}}
    )
    assert remedied.status == 0, remedied.text


@pytest.mark.usefixtures("unchecked")
def test_without_a_gpu_the_guardian_s_own_message_arrives(
    prepared: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    as_cuda = {"python": ".engines/cpu/bin/python", "device": "cuda"}
    config = {"gpus": 1, "environments": {"cuda": as_cuda}, "engine": {"environment": "cuda"}}
    outcome = prepared.snakemake(RUN, config=config)
    assert outcome.status != 0
    assert "error: the run needs 1 GPU(s) and CUDA sees 0 here" in outcome.text
    assert "Traceback" not in outcome.text
    assert not (prepared.folder / RUN).exists()


@pytest.fixture
def started(prepared: Project, request: pytest.FixtureRequest) -> Iterator[tuple]:
    """A call whose offline engine, or server, is starting: Snakemake, and vLLM's processes of which one is told to end."""
    target = {"engine": RUN, "server": "results/serving/one/separate-n1-rate2/measurement.json"}[
        request.param
    ]
    config = serving({"one": {"set": WORK, "include": [SLOW]}})
    (prepared.folder / ".overlay.yaml").write_text(yaml.safe_dump(config))
    snakemake = start(prepared, target, "configs/ci.yaml", ".overlay.yaml")

    def titled(title: str) -> list[psutil.Process]:
        assert snakemake.poll() is None
        return [each for each in engine_processes(prepared) if title in words_of(each)]

    try:
        assert wait_until(lambda: titled("VLLM::EngineCore"), 300)
        yield snakemake, titled
    finally:
        snakemake.kill()


@pytest.mark.parametrize("started", ["engine", "server"], indirect=True)
def test_an_engine_that_is_told_to_end_while_it_starts_is_gone_and_told(
    started: tuple, prepared: Project, tmp_path: Path
) -> None:
    """The host would wait for ever; what refuses to end, here a process that is stopped, is killed."""
    snakemake, titled = started
    assert wait_until(lambda: titled("VLLM::Worker"), 60)
    (core,), (worker, *_) = titled("VLLM::EngineCore"), titled("VLLM::Worker")
    worker.send_signal(signal.SIGSTOP)
    core.terminate()
    assert wait_until(lambda: not engine_processes(prepared), 15)
    assert device_is_free("cpu", 1)
    text, _ = snakemake.communicate(timeout=60)
    assert snakemake.returncode != 0
    assert "vLLM did not start: somebody, or something, sent SIGTERM to vLLM's process EngineCore" in text
    assert "Traceback" not in text
