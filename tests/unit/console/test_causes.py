"""Why a job failed, from its log and from what it printed."""

from pathlib import Path

import pytest

from batchscope.console.causes import Failure, cause_of, describe_failures, describe_status, last_error

TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "scripts/x.py", line 3, in <module>',
    "    main()",
    "    ^^^^^^",
    "pydantic_core.ValidationError: 2 validation errors for ModelConfig",
    "  Value error, no such model",
    "",
]


def test_an_error_is_whole_to_its_last_line() -> None:
    said = ["making prompts", "error: a: vLLM did not start: KeyError: 'x'", "  Correct 'engine'", "", ""]
    assert last_error(said) == ("error: a: vLLM did not start: KeyError: 'x'", "  Correct 'engine'")
    assert last_error(["all is well"]) == ()


def test_of_a_traceback_the_exception_and_all_of_its_message_stay() -> None:
    assert last_error(TRACEBACK) == (
        "error: pydantic_core.ValidationError: 2 validation errors for ModelConfig",
        "  Value error, no such model",
    )
    assert last_error(TRACEBACK[:1]) == ("error: Traceback (most recent call last):",)


def test_a_log_that_holds_what_was_printed_tells_jobs_apart(tmp_path: Path) -> None:
    log = tmp_path / "make_prompts.log"
    log.write_text("12 prompts\nerror: mine\n  remedy\n")
    printed = ["error: mine", "error: of another job", "  remedy", "  of the other"]
    assert cause_of(str(log), printed) == ("error: mine", "  remedy")


def test_an_error_in_an_engine_s_log_is_not_the_job_s_own(tmp_path: Path) -> None:
    log = tmp_path / "measure.log"
    log.write_text("\n".join(TRACEBACK))
    assert cause_of(str(log), ["error: vLLM did not start"]) == ("error: vLLM did not start",)
    assert cause_of(str(log), [])[0].startswith("error: pydantic_core.ValidationError")
    assert cause_of(str(tmp_path / "none.log"), []) == ()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("Command 'x' returned non-zero exit status 137.", "(SIGKILL); most often the kernel"),
        ("Command 'x' returned non-zero exit status 143.", "signal 15 (SIGTERM)"),
        ("Command 'x' returned non-zero exit status 3.", "exit status 3 and said nothing"),
        ("Command 'x' returned non-zero exit status 255.", "exit status 255 and said nothing"),
        ("", "what it printed stands above"),
    ],
)
def test_a_job_that_says_nothing_is_known_by_its_status(status: str, words: str) -> None:
    assert words in describe_status(status)


def test_a_cause_that_several_jobs_share_is_told_once() -> None:
    shared = ("error: no engine", "  make it")
    failures = [
        Failure("a/1", shared, "a.log"),
        Failure("b", ("error: other",), ""),
        Failure("a/2", shared, ""),
    ]
    assert describe_failures(failures) == [
        "3 steps failed:",
        "a/1, a/2: error: no engine",
        "  make it",
        "  log: a.log",
        "b: error: other",
    ]
    assert describe_failures(failures[1:2]) == ["error: other"]
    assert describe_failures([]) == []


def test_the_log_s_path_is_said_once() -> None:
    assert Failure("a", ("error: x",), "logs/a.log").lines() == ["error: x", "  log: logs/a.log"]
    assert Failure("a", ("error: x; see the log: logs/a.log",), "logs/a.log").lines() == [
        "error: x; see the log: logs/a.log"
    ]
    assert Failure("a", ("error: x",), "").lines() == ["error: x"]
