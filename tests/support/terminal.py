"""Snakemake in a terminal, as a user has it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

from support.project import Project

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")
CTRL_C = b"\x03"


class Terminal:
    """A terminal of 100 columns in which Snakemake runs on one core."""

    def __init__(self, project: Project, *arguments: str) -> None:
        self.raw = b""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self._call = subprocess.Popen(
            ["setsid", "--ctty", "--wait", sys.executable, "-m", "snakemake", "--cores", "1", *arguments],
            cwd=project.folder, stdin=theirs, stdout=theirs, stderr=theirs,
            env={**os.environ, "TERM": "xterm-256color"},
        )  # fmt: skip
        os.close(theirs)

    @property
    def text(self) -> str:
        """All that was ever written, without colours and moves of the cursor."""
        return ESCAPES.sub("", self.raw.decode(errors="replace")).replace("\r\n", "\n")

    def wait_for(self, words: str, seconds: float) -> bool:
        """Whether the words appear in time; the call's end is not waited for."""
        deadline = time.monotonic() + seconds
        while words not in self.text and time.monotonic() < deadline and self._read(0.2):
            pass
        return words in self.text

    def press(self, key: bytes) -> None:
        """Press a key."""
        os.write(self._ours, key)

    def end(self, seconds: float = 120) -> int:
        """Wait for the end, and return the exit status."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._read(0.2):
            pass
        os.close(self._ours)
        return self._call.wait(max(deadline - time.monotonic(), 5))

    def _read(self, seconds: float) -> bool:
        """Read what there is; False once nobody writes any more."""
        if not select.select([self._ours], [], [], seconds)[0]:
            return True
        try:
            self.raw += (data := os.read(self._ours, 1 << 16))
        except OSError:
            return False
        return bool(data)
