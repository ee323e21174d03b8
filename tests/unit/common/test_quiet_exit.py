"""Ctrl-C while Python exits."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.project import ROOT

PROGRAM = """
import sys, tempfile, time
from batchscope.common.quiet_exit import exit_undisturbed

remove = tempfile.TemporaryDirectory._rmtree

def slowly(*name, **how):
    print("exiting", flush=True)
    time.sleep(1)
    remove(*name, **how)

{call}
tempfile.TemporaryDirectory._rmtree = slowly
folder = tempfile.TemporaryDirectory(dir=sys.argv[1])
"""


@pytest.mark.parametrize("call", ["exit_undisturbed()", ""], ids=["undisturbed", "as Python does by itself"])
def test_ctrl_c_while_temporary_folders_are_removed(call: str, tmp_path: Path) -> None:
    """By itself Python leaves them there, and prints a stack."""
    command = [sys.executable, "-c", PROGRAM.format(call=call), str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "exiting\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (errors == "") == (not list(tmp_path.iterdir())) == bool(call)
    assert ("KeyboardInterrupt" in errors) == (not call)
