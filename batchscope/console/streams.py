"""The streams that a call was given, and the screen on them."""

import logging
import os
import sys
from collections.abc import Collection
from dataclasses import dataclass
from typing import TextIO

from batchscope.console.capture import STDERR, STDOUT
from batchscope.console.live_screen import LiveScreen
from batchscope.console.screen import PlainScreen, Progress


@dataclass(frozen=True)
class Options:
    """What the user asked for, and the log file."""

    quiet: Collection[str] = ()
    """what ``--quiet`` names: progress, rules, all"""
    colours: bool = True
    log: logging.Handler | None = None
    """Snakemake's log file"""

    @property
    def silent(self) -> bool:
        """Nothing but errors."""
        return "all" in self.quiet

    @property
    def quiet_progress(self) -> bool:
        """No bar, no beginning."""
        return self.silent or "progress" in self.quiet

    @property
    def quiet_rules(self) -> bool:
        """No line for a job."""
        return self.silent or "rules" in self.quiet

    @property
    def log_path(self) -> str:
        """Path of Snakemake's log file, relative where it is below this folder."""
        path = getattr(self.log, "baseFilename", "")
        return os.path.relpath(path) if path else ""

    def keep(self, line: str) -> None:
        """Write a line that a job printed to the log file."""
        if self.log:
            self.log.handle(logging.makeLogRecord({"msg": line, "levelno": logging.INFO, "event": None}))


class Streams:
    """Standard output and error as they were before they were caught, and the screen on the latter."""

    def __init__(self, options: Options) -> None:
        self._out, self._err = _copy_of(STDOUT, sys.stdout), _copy_of(STDERR, sys.stderr)
        self.progress = Progress()
        self.moves = _can_move(self._err) and not options.quiet_progress
        self._screen = (
            LiveScreen(self._err, self.progress, options.colours and "NO_COLOR" not in os.environ)
            if self.moves
            else PlainScreen(self._err, self.progress, options.quiet_progress)
        )

    def start(self) -> None:
        """Move, or watch for silence."""
        self._screen.start()

    def write(self, text: str) -> None:
        """Lines of the console's own."""
        self._screen.write(_fitting(text, self._err))

    def pass_on(self, stream: int, line: str) -> None:
        """A line that a job printed, to the stream it was meant for."""
        if stream == STDERR or (self.moves and self._out.isatty()):
            self._screen.write(_fitting(line, self._err))
        else:
            self._out.write(line + "\n")
            self._out.flush()

    def final(self, text: str) -> None:
        """A line after the screen has ended."""
        self._err.write(_fitting(text, self._err) + "\n")
        self._err.flush()

    def end(self) -> None:
        """Leave only what stays."""
        self._screen.end()


def _copy_of(descriptor: int, stream: TextIO) -> TextIO:
    return open(os.dup(descriptor), "w", encoding=stream.encoding, errors="backslashreplace", newline="")  # noqa: PTH123


def _can_move(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def _fitting(text: str, stream: TextIO) -> str:
    """The text without a sign that an ASCII terminal lacks."""
    return text if stream.encoding.lower().startswith("utf") else text.replace("±", "+-")
