"""Programs of the tests under the Python of the CPU engine, in copies of the process that has imported vLLM."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
from support.project import ROOT

from batchscope.jobs.engine_variables import engine_variables
from batchscope.jobs.environments import variables_for
from batchscope.jobs.forking.engine_copy import start_copy

PYTHON = str(ROOT / ".engines" / "cpu" / "bin" / "python")


def run_beside_vllm(module: str, *arguments: Path | str, folder: Path, seconds: float) -> None:
    """Run ``python -m module arguments``, a module of tests/; what it prints goes into a file in the folder.

    Raises:
        AssertionError: it did not end with 0, or not in time.
    """
    environment = engine_variables(variables_for("cpu", PYTHON), str(ROOT), [], {})
    environment["PYTHONPATH"] += f"{os.pathsep}{ROOT / 'tests'}"
    me = psutil.Process()
    order = {
        "device": "cpu", "python": PYTHON, "state": str(folder / "state" / "key"),
        "follow": [me.pid, me.create_time()],
    }  # fmt: skip
    (folder / "state").mkdir()
    printed = folder / "printed.txt"
    with printed.open("wb") as log:
        copy = start_copy(order, module, [*map(str, arguments)], environment, log, lambda process: False)
    assert copy is not None, printed.read_text()
    try:
        status = copy.wait(seconds)
    except subprocess.TimeoutExpired:
        status = None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(copy.pid, signal.SIGKILL)
    assert status == 0, printed.read_text()[-5000:]
