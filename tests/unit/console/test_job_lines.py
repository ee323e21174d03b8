"""What becomes of lines that jobs print."""

import pytest

from batchscope.console.job_lines import Kind, begins_error, kind_of, run_of_line

RUNNING = {"packing/packed-n4": "packing/packed-n4", "closed_loop/packed-n4": "serving/closed_loop/packed-n4"}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("packing/packed-n4: repeat 1/3: 0.5 s", ("packing/packed-n4", "repeat 1/3: 0.5 s")),
        ("closed_loop/packed-n4: starting vLLM", ("serving/closed_loop/packed-n4", "starting vLLM")),
        ("packing/packed-n40: repeat 1/3", None),
        ("words: mean 240", None),
        ("packing/packed-n4", None),
    ],
)
def test_a_line_that_begins_with_a_run_under_way_is_about_it(
    line: str, found: tuple[str, str] | None
) -> None:
    assert run_of_line(line, RUNNING) == found


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("50 prompts, 58,912 prompt tokens, 3 to 10 repeats", Kind.PASSING),
        ("warm-up: 16,384 prompt tokens in 0.31 s", Kind.PASSING),
        ("repeat 2/10: 0.66 s, 89,845 total tokens/s", Kind.PASSING),
        ("ended by precision after 4 repeats: mean known within 1.2%", Kind.PASSING),
        ("25 requests, at once, at most 8 under way", Kind.PASSING),
        ("25 of 25 requests in 1.20 s, 20.83 requests/s, median TTFT 9.1 ms", Kind.PASSING),
        ("vllm serve starts on 127.0.0.1:33277", Kind.PASSING),
        ("the server starts: 10 s", Kind.PASSING),
        ("starting vLLM", Kind.STATE),
        ("waiting: another run holds the cpu device (process 12)", Kind.STATE),
        ("the model has a sliding window: what its prefix cache serves is not checked", Kind.LINE),
    ],
)
def test_what_a_run_says_passes_or_stays(said: str, kind: Kind) -> None:
    assert kind_of(said) is kind


def test_errors_begin_with_their_word() -> None:
    assert begins_error("error: dataset.csv.path: there is no file")
    assert begins_error("Traceback (most recent call last):")
    assert not begins_error("no error: all is well")
