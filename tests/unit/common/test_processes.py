"""Whether a process has ended."""

import subprocess
import sys

import psutil

from batchscope.common.processes import gone


def test_a_process_is_gone_when_it_has_ended_taken_note_of_or_not() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = psutil.Process(child.pid)
    assert not gone(process)
    child.stdin.close()
    while process.status() != psutil.STATUS_ZOMBIE:
        pass
    assert gone(process), "a zombie"
    child.wait()
    assert gone(process)
