"""What is remembered of an engine that did not start."""

from pathlib import Path

from batchscope.jobs.engine_start import (
    EngineEndedError,
    EngineTimeOutError,
    failure_before,
    remembered,
)


def test_nothing_is_remembered_of_an_engine_that_had_started(tmp_path: Path) -> None:
    remembered(tmp_path / "failed", EngineEndedError(["said"], started=True, status=70))
    assert failure_before(tmp_path / "failed", 10) is None


def test_the_same_failure_comes_back(tmp_path: Path) -> None:
    remembered(tmp_path / "failed", EngineEndedError(["said", "this"], started=False, status=1))
    failed = failure_before(tmp_path / "failed", 10)
    assert isinstance(failed, EngineEndedError)
    assert (failed.log, failed.status, failed.started, failed.before) == (["said", "this"], 1, False, True)


def test_a_run_that_gives_more_time_tries_again(tmp_path: Path) -> None:
    remembered(tmp_path / "failed", EngineTimeOutError([], started=False, seconds=60))
    assert failure_before(tmp_path / "failed", 61) is None
    failed = failure_before(tmp_path / "failed", 60)
    assert str(failed) == "stopped after 60 s"
