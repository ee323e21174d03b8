"""Exceptions in a log in which several processes write at once."""

import pytest
from support.engine_log import engine_log

from batchscope.jobs.failures.engine_log import exceptions_in

PRINTED = """\
Traceback (most recent call last):
  File "a.py", line 1, in <module>
    raise Odd(text)
package.Odd: first
  second

third
"""


def found(text: str) -> list[tuple[str, str]]:
    return [(each.process, each.text) for each in exceptions_in(text.splitlines())]


@pytest.mark.parametrize(
    "after",
    [
        "",
        "/usr/lib/python3.12/multiprocessing/resource_tracker.py:254: UserWarning: 2 leaked objects\n  warnings.warn(",
        "[rank0]:[W1128 12:26:50] Warning: process group has NOT been destroyed",
        "(EngineCore pid=7) INFO 11-28 12:26:50 [core.py:1454] [shutdown] EngineCore: exiting",
        "INFO 11-28 12:26:50 [core.py:1454] done",
        "Exception ignored in: <function f>\nTraceback (most recent call last):\nAttributeError: gone",
    ],
    ids=["nothing", "a warning", "torch", "another process", "the logger", "a destructor"],
)
def test_a_message_is_whole_and_ends_where_others_speak(after: str) -> None:
    assert ("", "Odd: first\n  second\n\nthird") in found(PRINTED + after)
    assert len(found(PRINTED + after)) == 1


def test_a_process_is_read_between_the_lines_of_others() -> None:
    mixed = [
        line
        for pair in zip(
            [f"(EngineCore_DP0 pid=1) {line}" for line in PRINTED.splitlines()],
            [f"(Worker_TP1 pid=2) ERROR 11-28 12:26:50 [w.py:1] {line}" for line in PRINTED.splitlines()],
            strict=True,
        )
        for line in pair
    ]
    assert found("\n".join(mixed)) == [
        ("EngineCore_DP0", "Odd: first\n  second\n\nthird"),
        ("Worker_TP1", "Odd: first\n  second\n\nthird"),
    ]


def test_of_a_chain_each_exception_is_found() -> None:
    chain = "\nDuring handling of the above exception, another exception occurred:\n\n"
    assert [text for _, text in found(PRINTED + chain + PRINTED.replace("Odd", "Next"))] == [
        "Odd: first\n  second\n\nthird",
        "Next: first\n  second\n\nthird",
    ]


@pytest.mark.parametrize("told", ["SystemExit: 0", "KeyboardInterrupt", "asyncio.exceptions.CancelledError"])
def test_being_told_to_end_is_no_cause(told: str) -> None:
    assert found(f"Traceback (most recent call last):\n  File 'a.py'\n{told}\n") == []


def test_what_real_engines_said() -> None:
    names = [
        (each.process, each.text.partition(":")[0])
        for each in exceptions_in(engine_log("kv_cache_too_small"))
    ]
    assert names == [("", "ValueError"), ("", "RuntimeError"), ("EngineCore", "ValueError")]
