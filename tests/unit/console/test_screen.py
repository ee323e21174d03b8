"""Plain lines, and one for what is under way where nothing happens for long."""

import io
import time

import pytest
from support.engines import wait_until

from batchscope.console import screen
from batchscope.console.screen import PlainScreen, Progress, describe_state


def test_states_follow_jobs() -> None:
    progress = Progress()
    progress.begin("packing/packed-n4")
    progress.say("packing/packed-n4", "starting vLLM")
    progress.say("another", "is not there")
    assert [said for _, said in progress.states.values()] == ["starting vLLM"]
    progress.end("packing/packed-n4")
    assert progress.states == {}


def test_a_state_says_for_how_long() -> None:
    began = time.monotonic() - 42
    assert (
        describe_state("packing/packed-n4", began, "starting vLLM")
        == "packing/packed-n4: starting vLLM (0:42)"
    )
    assert describe_state("make_tables", began, "") == "make_tables (0:42)"


@pytest.mark.parametrize("quiet", [False, True])
def test_silence_is_broken_unless_it_is_wanted(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    monkeypatch.setattr(screen, "SILENCE_S", 0.0)
    stream, progress = io.StringIO(), Progress()
    progress.begin("packing/packed-n4")
    plain = PlainScreen(stream, progress, quiet)
    plain.start()
    assert (
        wait_until(lambda: "packing/packed-n4 (0:0" in stream.getvalue(), 1.5 if quiet else 10) is not quiet
    )
    plain.end()


def test_a_line_is_written_as_it_is() -> None:
    stream = io.StringIO()
    PlainScreen(stream, Progress()).write("a [bold]line[/bold]")
    assert stream.getvalue() == "a [bold]line[/bold]\n"
