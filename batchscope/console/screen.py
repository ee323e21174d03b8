"""Where the console writes: plain lines, for files, pipes and terminals that cannot move the cursor."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from batchscope.console.wording import clock

SILENCE_S = 30.0
"""After so long without a line or a new job, one says what is under way; after twice as long the next."""


@dataclass
class Progress:
    """What is under way. One thread changes it while another shows it."""

    states: dict[str, tuple[float, str]] = field(default_factory=dict)
    """of each job: when it began (`time.monotonic`), and what it said last"""
    done: int = 0
    runs: int = 0
    share: float = 0.0
    left: float | None = None
    """seconds; None: not known"""
    update: Callable[[], None] = lambda: None
    """brings ``share`` and ``left`` up to date"""

    def begin(self, job: str) -> None:
        """A job begins."""
        self.states[job] = (time.monotonic(), "")

    def say(self, job: str, said: str) -> None:
        """A job says something."""
        if job in self.states:
            self.states[job] = (self.states[job][0], said)

    def end(self, job: str) -> None:
        """A job has ended."""
        self.states.pop(job, None)


def describe_state(job: str, began: float, said: str) -> str:
    """A job under way as a line."""
    return f"{job}{f': {said}' if said else ''} ({clock(time.monotonic() - began)})"


class PlainScreen:
    """One line after the other; where nothing happens for long, a line says what is under way."""

    def __init__(self, stream: TextIO, progress: Progress, quiet: bool = False) -> None:
        self._stream = stream
        self._progress = progress
        self._quiet = quiet
        self._last = time.monotonic()
        self._patience = SILENCE_S
        self._done = threading.Event()

    def start(self) -> None:
        """Watch for silence from now on."""
        if not self._quiet:
            threading.Thread(target=self._watch, name="silence", daemon=True).start()

    def write(self, text: str) -> None:
        """Write one line or several."""
        self._last, self._patience = time.monotonic(), SILENCE_S
        self._put(text)

    def end(self) -> None:
        """Write nothing more by itself."""
        self._done.set()

    def _put(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    def _watch(self) -> None:
        while not self._done.wait(1.0):
            for job, (began, said) in list(self._progress.states.items())[:1]:
                if time.monotonic() - max(self._last, began) >= self._patience:
                    self._put(describe_state(job, began, said))
                    self._last, self._patience = time.monotonic(), 2 * self._patience
