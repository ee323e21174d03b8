"""What a process and its children print is caught whole, in order, and both descriptors come back."""

import os
import subprocess
import sys

import pytest

from batchscope.console.capture import STDERR, STDOUT, Capture, split_pieces


@pytest.mark.parametrize(
    ("text", "pieces", "rest"),
    [
        (b"one\ntwo\nthr", [("one", False), ("two", False)], b"thr"),
        (b"one\r\n\ntwo", [("one", False), ("", False)], b"two"),
        (b"\r10 %\r20 %\r30 %", [("10 %", True), ("20 %", True)], b"30 %"),
        (b"90 %\r", [], b"90 %\r"),
        (b"90 %\rdone\n", [("90 %", True), ("done", False)], b""),
        ("né".encode()[:-1] + b"\n", [("n\ufffd", False)], b""),
    ],
)
def test_lines_and_bars_are_told_apart(text: bytes, pieces: list[tuple[str, bool]], rest: bytes) -> None:
    assert split_pieces(text) == (pieces, rest)


def test_children_are_caught_and_the_descriptors_come_back() -> None:
    before = [os.fstat(stream) for stream in (STDOUT, STDERR)]
    caught: list[tuple[int, str, bool]] = []
    capture = Capture(lambda *piece: caught.append(piece))
    subprocess.run(["/bin/sh", "-c", "echo out; echo err >&2; printf half"], check=True)
    capture.drain()
    assert caught == [(STDOUT, "out", False), (STDERR, "err", False)]
    print("ours", file=sys.__stderr__)
    capture.end()
    assert caught[2:] == [(STDERR, "ours", False), (STDOUT, "half", False)]
    assert [os.fstat(stream) for stream in (STDOUT, STDERR)] == before


def test_much_is_caught_whole() -> None:
    caught: list[str] = []
    capture = Capture(lambda _, line, __: caught.append(line))
    subprocess.run(["/bin/sh", "-c", "seq 200000"], check=True)
    capture.end()
    assert caught == [str(number) for number in range(1, 200_001)]


def test_a_child_that_outlives_us_stops_nothing() -> None:
    caught: list[str] = []
    capture = Capture(lambda _, line, __: caught.append(line))
    child = subprocess.Popen(["/bin/sh", "-c", "echo here; exec sleep 60"])
    while not caught:
        capture.drain()
    capture.end()
    assert child.poll() is None
    child.kill()
    child.wait()
    assert caught == ["here"]


def test_a_listener_that_cannot_write_stops_nothing() -> None:
    def broken(*_: object) -> None:
        raise BrokenPipeError

    capture = Capture(broken)
    subprocess.run(["/bin/sh", "-c", "echo out; echo err >&2"], check=True)
    capture.drain()
    capture.end()
