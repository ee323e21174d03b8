"""An engine that does not start: what its guardian and its host say arrives, and it is started once."""

import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.project import ROOT

from batchscope.common.errors import UserError
from batchscope.common.exit_status import CRASHED
from batchscope.jobs.device_lock import device_is_free
from batchscope.jobs.engine_pool import EnginePool, EngineRequest, Limits
from batchscope.jobs.engine_start import EngineEndedError
from batchscope.jobs.failures.engine_exit_reason import describe_exit, root_cause


def request(**values: Any) -> EngineRequest:
    """An engine whose Python is this one, which has no vLLM."""
    same = {
        "python": sys.executable, "device": "cpu", "gpus": 0, "model": "nowhere", "model_sha256": "", "args": {},
        "asset": {"load_format": "dummy", "trust_remote_code": False}, "variables": {}, "telemetry": False,
    }  # fmt: skip
    return EngineRequest(**{**same, **values})


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EnginePool:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    return EnginePool(tmp_path / "state")


def test_an_engine_of_one_start_is_not_used_for_another() -> None:
    keys = {request(start=start).key for start in (1, 2, 3)}
    assert len(keys) == 3
    assert request().key in keys


def measure(pool: EnginePool, wanted: EngineRequest, told: list[str]) -> EngineEndedError:
    with pytest.raises(EngineEndedError) as failed:
        pool.measure(wanted, {}, pool.state / "log", Limits(300, keep=True), told.append)
    return failed.value


def test_what_the_guardian_refuses_arrives_in_its_words(
    pool: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    told: list[str] = []
    with pytest.raises(UserError, match=r"needs 1 GPU\(s\) and CUDA sees 0 here .*; run it where there are"):
        pool.measure(
            request(device="cuda", gpus=1), {}, pool.state / "log", Limits(9, keep=True), told.append
        )
    assert told == ["starting vLLM"], "the rest is told once"


def test_an_engine_that_cannot_start_is_started_once_in_a_call(
    pool: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_API_KEY", "of the caller")
    told: list[str] = []
    first, second = measure(pool, request(), told), measure(pool, request(), told)
    assert root_cause(first.log) == "ModuleNotFoundError: No module named 'vllm'"
    assert (first.started, first.before, second.before) == (False, False, True)
    assert (second.log, second.status) == (first.log, first.status)
    starts = [line for line in told if "not passed on to vLLM: VLLM_API_KEY" in line]
    assert len(starts) == 1
    assert not measure(pool, request(args={"seed": 1}), told).before, "another configuration has its own try"


def test_a_host_that_hangs_and_refuses_to_end_is_gone_and_its_device_is_free(
    pool: EnginePool, tmp_path: Path
) -> None:
    """It has said that it was told to end, as EngineCore does, and ignores SIGTERM, as all that it starts does."""
    host = tmp_path / "host"
    host.write_text(
        "#!/bin/sh\ntrap '' TERM\necho $$ > host.pid\n"
        "echo '(EngineCore pid=1) INFO 11-28 12:53:26 [core.py:1454] EngineCore: trigger received signal=SIGTERM'\n"
        "while sleep 1; do :; done\n"
    )
    host.chmod(0o755)
    failed = measure(pool, request(python=str(host)), [])
    assert (failed.started, failed.status) == (False, CRASHED)
    assert "sent SIGTERM to vLLM's process EngineCore" in describe_exit(failed.status, failed.log)
    assert not psutil.pid_exists(int((tmp_path / "host.pid").read_text()))
    assert device_is_free("cpu", 1)
