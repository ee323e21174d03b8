"""Sees that an engine which is starting will never be ready, although its host goes on waiting for it.

vLLM 0.32 waits for ever where EngineCore got SIGTERM while it started, or failed and hangs on its way out.
"""

import re
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from batchscope.common.processes import gone

TO_END_BY_ITSELF_S = 3.0
"""Seconds that the host gets to end, and vLLM to say why."""

SAYS = "guardian: "
"""How the guardian's own lines in the engine's log begin."""

TOLD_TO_END = re.compile(r"EngineCore: trigger received signal=(\w+)")
FAILED = re.compile(r"(?:EngineCore|WorkerProc) failed to start\.")


class StartWatch:
    """Watches an engine's log and processes until its host has made its socket, ``ready``."""

    def __init__(self, log: Path, ready: Path) -> None:
        self._log = log
        self._ready = ready
        self._was_ready = False
        self._read = 0
        self._looked_at: set[psutil.Process] = set()
        self._seen: set[psutil.Process] = set()
        self._since = 0.0
        self.why = ""
        """what was seen, as a sentence; empty as long as the engine may still become ready"""

    def is_hopeless(self, host: psutil.Process) -> bool:
        """Whether the host will wait in vain and has had its time to end by itself; called twice a second."""
        self._was_ready |= self._ready.exists()
        if self._was_ready:
            return False
        if not self.why and (found := in_vain(self._new_text()) or self._a_process_is_gone(host)):
            self.why, self._since = found, time.monotonic()
        return bool(self.why) and time.monotonic() - self._since > TO_END_BY_ITSELF_S

    def _new_text(self) -> str:
        """What the log has got since the last look, from the start of a line."""
        with self._log.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        self._read += text.rfind(b"\n") + 1
        return text.decode(errors="replace")

    def _a_process_is_gone(self, host: psutil.Process) -> str:
        """Of those with the title at two looks: a program that vLLM calls has it until it is executed."""
        try:
            titled = of_vllm(host.children(recursive=True))
        except psutil.Error:  # the host has ended
            return ""
        self._seen |= self._looked_at & titled
        self._looked_at = titled
        lost = any(map(gone, self._seen))
        return "a process of the engine crashed or was killed while the engine started" if lost else ""


def in_vain(said: str) -> str:
    """Why the engine will not start, if what it has said means that; else nothing."""
    if told := TOLD_TO_END.search(said):
        return f"somebody, or something, sent {told[1]} to vLLM's process EngineCore while the engine started"
    return "vLLM failed to start" if FAILED.search(said) else ""


def of_vllm(processes: Iterable[psutil.Process]) -> set[psutil.Process]:
    """Engine cores and workers, found by the title that vLLM gives them."""
    found = set()
    for process in processes:
        try:
            if "VLLM::" in " ".join(process.cmdline()):
                found.add(process)
        except psutil.Error:
            continue
    return found
