"""Profile a few engine steps: ``python -m batchscope.worker.profiling ORDER.json``, in an engine environment.

ORDER.json is a `batchscope.profiling.capture.CaptureJob` and ``profiler``. The folder ``out`` gets
``environment.json`` and ``window.json`` beside what the profiler writes.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from batchscope.common.answer_limits import asked_answers
from batchscope.worker.quick_import import without_collection
from batchscope.worker.telemetry.environment import write_environment


def main() -> None:
    """Start the engine with its profiler, capture the window, write window.json."""
    order = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    out = Path(order["out"])
    write_environment(order["device"], out)
    window = capture(order)
    (out / "window.json").write_text(json.dumps(window, indent=1) + "\n", encoding="utf-8")


def capture(order: dict[str, Any]) -> dict[str, Any]:
    """Start the engine as it is measured, with a profiler, and capture the window; returns window.json."""
    with without_collection():
        from batchscope.worker.engine.measure_run import read_requests
        from batchscope.worker.engine.start import start_engine
    from batchscope.worker.profiling.capture_overhead import Window
    from batchscope.worker.profiling.capture_window import capture_window, engine_arguments
    from batchscope.worker.telemetry.steps import VARIABLE, StepFile

    window = Window(order["skip"], order["steps"])
    requests = read_requests(Path(order["prompts"]), asked_answers(order["answers"]))
    args = {**order["args"], **engine_arguments(order["profiler"], order["device"], window, order["out"])}
    with tempfile.TemporaryDirectory(prefix="batchscope-") as scratch:
        steps = Path(scratch) / "steps"
        os.environ[VARIABLE] = str(steps)  # inherited by the engine's processes
        llm, _ = start_engine(order["model"], order["asset"], args, recording=True)
        return capture_window(llm, requests, window, order, StepFile(steps))


if __name__ == "__main__":
    main()
