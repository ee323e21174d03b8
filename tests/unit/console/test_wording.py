"""The console's sentences."""

from pathlib import Path

import pytest

from batchscope.console import wording

REPEAT = {"seconds": 0.5, "prompt_tokens": 20_000, "output_tokens": 1_550, "requests": 50}
OK = {"status": "ok", "message": "", "invalid": [], "stopped": {"reason": "cap", "half_width": 0.0123}}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "5 s"), (42, "40 s"), (89, "90 s"), (240, "4 min"), (3600, "1 h"), (4800, "1 h 20 min")],
)
def test_durations_are_rounded(seconds: float, words: str) -> None:
    assert wording.duration(seconds) == words


def test_a_run_is_one_line() -> None:
    assert wording.measured({**OK, "repeats": [REPEAT] * 6}) == "43,100 tok/s ±1.2 %  6 repeats"
    assert wording.measured({**OK, "repeats": [REPEAT] * 2, "stopped": {"half_width": None}}) == (
        "43,100 tok/s  2 repeats"
    )


def test_a_load_point_says_its_requests() -> None:
    assert wording.measured({**OK, "repeats": [REPEAT], "stopped": None, "client": {}}) == (
        "43,100 tok/s  100.0 requests/s"
    )


def test_what_went_wrong_is_said() -> None:
    invalid = [{"code": "closure", "detail": "3 output tokens, 4 expected"}]
    assert wording.measured({**OK, "repeats": [REPEAT], "invalid": invalid}).endswith("invalid: closure")
    failed = {"status": "oom", "message": "ValueError: no memory\nmore", "repeats": []}
    assert wording.measured(failed) == "out of memory: ValueError: no memory"


def test_beginning_and_place() -> None:
    assert (
        wording.beginning(12, 3, 30, 360)
        == "12 runs to measure with 3 engine starts; 30 other steps: about 6 min"
    )
    assert wording.beginning(1, 1, 0, 40) == "1 run to measure with 1 engine start: about 40 s"
    assert wording.beginning(0, 0, 4, 12) == "4 steps, nothing to measure"
    assert wording.place(12, 40, 240) == "[12/40, 4 min left]"
    assert wording.place(40, 40, 12) == "[40/40]"


def test_after_ctrl_c_it_says_what_is_kept() -> None:
    assert (
        wording.stopped(3, 12)
        == "Stopped: 3 of 12 runs are measured and kept; the same call goes on with the other 9."
    )
    assert wording.stopped(1, 2).startswith("Stopped: 1 of 2 runs is measured")
    assert wording.stopped(0, 2).startswith("Stopped before any of 2 runs was measured;")
    assert "the same call goes on" in wording.stopped(0, 0)


def test_nothing_to_do_names_the_answers_that_are_there(tmp_path: Path) -> None:
    summary = tmp_path / "summary.html"
    assert len(wording.nothing_to_do(3, str(summary))) == 1
    summary.touch()
    assert wording.nothing_to_do(3, str(summary))[1] == f"Answers of 3 runs: {summary}"


def test_clock() -> None:
    assert [wording.clock(seconds) for seconds in (0, 42.9, 61, 3723)] == ["0:00", "0:42", "1:01", "1:02:03"]
