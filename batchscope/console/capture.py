"""What this process and its children write to standard output and error, caught line by line.

A display that moves shares the terminal with jobs that write to it. So while jobs run, file descriptors 1
and 2 are pipes, which jobs inherit, and a thread here reads them.
"""

import itertools
import os
import re
import selectors
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

STDOUT, STDERR = 1, 2

PATIENCE_S = 1.0
"""Seconds to wait until what is in the pipes has been read."""

PIECE = re.compile(rb"([^\r\n]*)(\r?\n|\r(?=[^\n]))")
"""A line with its end. A lone carriage return ends a passing line; the last one may be half an end."""

Pieces = list[tuple[str, bool]]
"""Lines without their ends, and whether each is a passing one, which the next is written over."""


def split_pieces(text: bytes) -> tuple[Pieces, bytes]:
    """Whole lines, and what is left; passing lines that are empty are left out."""
    found, end = [], 0
    for match in PIECE.finditer(text):
        passing, end = match[2] == b"\r", match.end()
        if match[1] or not passing:
            found.append((match[1].decode(errors="replace"), passing))
    return found, text[end:]


class Capture:
    """Catches lines from its making until `end`."""

    def __init__(self, tell: Callable[[int, str, bool], None]) -> None:
        """Start catching.

        Args:
            tell: Called in another thread with the stream, a line, and whether it is a passing one.
        """
        self._tell = tell
        self._rest = {STDOUT: b"", STDERR: b""}
        self._tokens: dict[bytes, threading.Event] = {}
        self._numbers = itertools.count()
        self._originals: dict[int, int] = {}
        self._selector = selectors.DefaultSelector()
        _flush()
        for stream in (STDOUT, STDERR):
            read_end, write_end = os.pipe()
            self._originals[stream] = os.dup(stream)
            os.dup2(write_end, stream)
            os.close(write_end)
            self._selector.register(read_end, selectors.EVENT_READ, stream)
        self._thread = threading.Thread(target=self._read, name="console", daemon=True)
        self._thread.start()

    def drain(self) -> None:
        """Return when all that was written before has been told."""
        if not self._originals or threading.current_thread() is self._thread:
            return
        _flush()
        for stream in (STDOUT, STDERR):
            token = f"\0{next(self._numbers)}\0".encode()
            event = self._tokens[token] = threading.Event()
            os.write(stream, token)
            event.wait(PATIENCE_S)

    def end(self) -> None:
        """Tell what is left, and give both descriptors back."""
        self.drain()
        for stream, original in self._originals.items():
            os.dup2(original, stream)
            os.close(original)
        self._originals.clear()
        # A child that outlives us may hold the pipes, so their end may never come.
        self._thread.join(0.1)
        for stream, rest in self._rest.items():
            if rest.strip():
                self._tell(stream, rest.decode(errors="replace").strip(), False)

    def _read(self) -> None:
        while self._selector.get_map():
            for key, _ in self._selector.select():
                data = os.read(key.fd, 1 << 16)
                if not data:
                    self._selector.unregister(key.fd)
                    os.close(key.fd)
                with suppress(OSError):  # whoever reads our own output is gone
                    self._take(key.data, self._rest[key.data] + data)

    def _take(self, stream: int, text: bytes) -> None:
        seen = [token for token in list(self._tokens) if token in text]
        for token in seen:
            text = text.replace(token, b"")
        pieces, self._rest[stream] = split_pieces(text)
        try:
            for piece, passing in pieces:
                self._tell(stream, piece, passing)
        finally:
            for token in seen:
                self._tokens.pop(token).set()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
