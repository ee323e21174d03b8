"""PyTorch's page of a memory snapshot, written by the engine's Python."""

import base64
import pickle
import re
from pathlib import Path

import pytest
from support.memory_captures import SNAPSHOT, capture
from support.project import ROOT

from batchscope.common.answer_limits import exactly
from batchscope.common.errors import UserError
from batchscope.profiling.capture import CaptureJob, engine_environment, run_capture


def write_page(folder: Path) -> None:
    """PyTorch's page, written in the engine's environment as a capture does it."""
    job = CaptureJob(
        python=str(ROOT / ".engines/cpu/bin/python"), device="cuda", gpus=[], model="", asset={}, args={},
        variables={}, prompts="", answers=exactly(1, 1).as_json(), steps=1, out=folder,
        log=folder / "log", timeout_s=120,
    )  # fmt: skip
    program = "import sys; from pathlib import Path; from batchscope.worker.profiling.memory_capture import write_timeline; "
    command = [job.python, "-c", program + "write_timeline(Path(sys.argv[1]))", str(folder)]
    run_capture(command, job, engine_environment(job))


@pytest.mark.engine
def test_pytorchs_page_holds_the_snapshot(tmp_path: Path) -> None:
    folder = capture(tmp_path, "cuda")
    write_page(folder)
    page = (folder / "timeline.html").read_text()
    encoded = re.search(r'"name": "snapshot.pickle", "base64": "([^"]+)"', page)
    assert encoded
    assert pickle.loads(base64.b64decode(encoded[1])) == SNAPSHOT


@pytest.mark.engine
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    folder = capture(tmp_path, "cuda")
    (folder / "timeline.html").unlink()
    (folder / "timeline.html").symlink_to("/dev/full")
    with pytest.raises(UserError, match=r"no space left for .*memory\n  See the log: .*log"):
        write_page(folder)
