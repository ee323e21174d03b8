"""The script that captures a profile, without an engine."""

import resource
import subprocess
import sys
from pathlib import Path

from support.project import ROOT


def test_a_full_disk_stops_the_tables_and_leaves_none(tmp_path: Path) -> None:
    """A limit on file size stands for the disk: writing fails in the middle, as it does on a full one."""
    program = (
        "import pandas as pd, signal; from pathlib import Path; from scripts.profile_run import write_table\n"
        "from batchscope.profiling.schemas import EVENTS\n"
        "from batchscope.common.errors import run_script\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "n = 200_000\n"
        "frame = pd.DataFrame({'name': [str(i) for i in range(n)], 'kind': 'kernel', 'start_s': range(n),"
        " 'duration_s': 1.0, 'stream': '1', 'step': pd.array([0] * n, dtype='Int32')})\n"
        f"run_script(lambda: write_table(frame, EVENTS, Path({str(tmp_path)!r}) / 'events.parquet'))"
    )
    call = subprocess.run(
        [sys.executable, "-c", program],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert call.returncode == 1
    assert "events.parquet" in call.stderr
    assert "free space" in call.stderr
    assert list(tmp_path.iterdir()) == []
