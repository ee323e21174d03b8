"""What moves on a terminal."""

import os
import pty
import re
import threading

import pytest

from batchscope.console.live_screen import LiveScreen
from batchscope.console.screen import Progress


def drawn(progress: Progress, *lines: str, colours: bool = True, encoding: str = "utf-8") -> str:
    """What a screen writes to a terminal from its start to its end."""
    ours, theirs = pty.openpty()
    parts: list[bytes] = []

    def read() -> None:
        try:
            while data := os.read(ours, 1 << 16):
                parts.append(data)
        except OSError:  # the other end is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    with open(theirs, "w", encoding=encoding) as stream:  # noqa: PTH123
        screen = LiveScreen(stream, progress, colours)
        screen.start()
        for line in lines:
            screen.write(line)
        screen.end()
    reader.join()
    return b"".join(parts).decode()


def test_lines_stay_above_what_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    progress = Progress(done=3, runs=12, share=0.25, left=250)
    progress.begin("packing/packed-n40")
    progress.say("packing/packed-n40", "starting vLLM")
    text = drawn(progress, "packing/[packed]-n4  43,100 tok/s")
    assert "packing/[packed]-n4  43,100 tok/s\r\n" in text
    assert "packing/packed-n40: starting vLLM (0:00)" in text
    assert "3/12 runs  4 min left" in text
    assert text.rindex("\x1b[2K") > text.rindex("4 min left"), "what moves is wiped at the end"


def test_many_jobs_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    progress = Progress()
    for number in range(7):
        progress.begin(f"a/{number}")
    text = drawn(progress)
    assert "a/3" in text
    assert "a/4" not in text
    assert "and 3 more" in text


def test_no_colours_and_no_signs_that_a_terminal_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    progress = Progress(share=0.5)
    progress.begin("a/1")
    text = drawn(progress, "a line", colours=False, encoding="ascii")
    assert text.isascii()
    assert not re.search(r"\x1b\[\d*3\dm", text)
