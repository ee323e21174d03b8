"""The console on a terminal while an engine works, and Ctrl-C while it starts."""

import pytest
from support.engines import engine_processes, wait_until
from support.project import Project
from support.terminal import CTRL_C, Terminal

pytestmark = pytest.mark.engine

TARGETS = [f"results/runs/packing/{run}-n4/measurement.json" for run in ("packed", "separate")]


def test_ctrl_c_is_one_line_and_each_run_is_one(prepared: Project) -> None:
    terminal = Terminal(prepared, *TARGETS, "--configfile", "configs/ci.yaml")
    assert terminal.wait_for(": starting vLLM (0:", 120), f"nobody waits in silence: {terminal.text}"
    terminal.press(CTRL_C)
    assert terminal.end() != 0
    last = terminal.text.rstrip().splitlines()[-1].strip()
    assert last == "Stopped before any of 2 runs was measured; the same call goes on from here."
    assert wait_until(lambda: not engine_processes(prepared), 15)

    terminal = Terminal(prepared, *TARGETS, "--configfile", "configs/ci.yaml")
    assert terminal.end(300) == 0, terminal.text
    assert "2 runs to measure with 1 engine start: about " in terminal.text
    lines = [line.lstrip("\r") for line in terminal.text.splitlines() if " tok/s" in line]
    assert sorted(line.split()[0] for line in lines) == ["packing/packed-n4", "packing/separate-n4"]
    assert all("  2 repeats  [" in line for line in lines)
    assert lines[0].endswith(" left]")
    assert lines[1].endswith("[2/2]")
