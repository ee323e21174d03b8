"""An engine's start as jobs see it: what is said meanwhile, and its failure, which is not asked for twice."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from batchscope.common.atomic_files import read_json, replacing

ERROR = "error: "
"""How the guardian's own error begins."""


class EngineFailedError(Exception):
    """The engine gave no answer.

    ``log`` holds its lines since it got the job, or since its start; ``started``: it had been ready;
    ``before``: it failed for another run, and was not tried again.
    """

    def __init__(self, message: str, log: list[str], started: bool) -> None:
        super().__init__(message)
        self.log = log
        self.started = started
        self.before = False


class EngineEndedError(EngineFailedError):
    """The engine ended before it answered, with exit status ``status``."""

    def __init__(self, log: list[str], started: bool, status: int | None) -> None:
        super().__init__("the engine ended", log, started)
        self.status = status


class EngineTimeOutError(EngineFailedError):
    """The engine did not start, or did not answer, within ``seconds``."""

    def __init__(self, log: list[str], started: bool, seconds: float) -> None:
        super().__init__(f"stopped after {seconds:.0f} s", log, started)
        self.seconds = seconds


def remembered(path: Path, failed: EngineFailedError) -> EngineFailedError:
    """The failure, written to ``path`` if the engine did not start, for the next run that wants it."""
    if not failed.started:
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(vars(failed)))
    return failed


def failure_before(path: Path, seconds: float) -> EngineFailedError | None:
    """What an engine failed with that did not start for another run of this call.

    None where none did, and where it lacked time that this run has: ``seconds``.
    """
    if (known := read_json(path)) is None or seconds > known.get("seconds", seconds):
        return None
    failed: EngineFailedError
    if "seconds" in known:
        failed = EngineTimeOutError(known["log"], False, known["seconds"])
    else:
        failed = EngineEndedError(known["log"], False, known["status"])
    failed.before = True
    return failed


class StartLines:
    """What is said while an engine starts: by the guardian, which waits for the device, then by the host."""

    def __init__(self, guardian: IO[bytes], progress: Path, tell: Callable[[str], None]) -> None:
        self._guardian = guardian
        self._progress = progress
        self._tell = tell
        self._told = 0

    def tell_new(self) -> None:
        """Tell the lines that are new."""
        waiting = self._said_by_guardian().partition(ERROR)[0]
        starting = self._progress.read_text() if self._progress.exists() else ""
        lines = (waiting + starting).splitlines()
        for line in lines[self._told :]:
            self._tell(line)
        self._told = len(lines)

    def refusal(self) -> str:
        """The guardian's own error; empty where it has none."""
        return self._said_by_guardian().partition(ERROR)[2].strip()

    def _said_by_guardian(self) -> str:
        # from the start, and without a seek: the guardian writes where this file's position is
        return os.pread(self._guardian.fileno(), 1 << 20, 0).decode(errors="replace")
