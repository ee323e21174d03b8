"""What holds for every script, whatever it does: how it ends while it still imports."""

import subprocess
import sys

import pytest
from support.project import ROOT


@pytest.mark.parametrize(("raised", "told"), [("KeyboardInterrupt", False), ("ValueError", True)])
def test_ctrl_c_while_a_script_imports_ends_it_without_a_traceback(raised: str, told: bool) -> None:
    code = f"import sys; sys.argv = ['-m']; import scripts; raise {raised}"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert ("Traceback" in ended.stderr) == told


def test_whoever_imports_scripts_keeps_python_s_own_report() -> None:
    code = "import sys; before = sys.excepthook; import scripts; assert sys.excepthook is before"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
