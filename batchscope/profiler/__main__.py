"""Profile a few engine steps: ``python -m batchscope.profiler ORDER.json``, in an engine environment.

ORDER.json is a `batchscope.profiles.capture.CaptureJob` and ``profiler``. The folder ``out`` gets
``environment.json`` and ``window.json`` beside what the profiler writes.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from batchscope.engine.environment import write_environment


def main() -> None:
    """Start the engine with its profiler, capture, write down what was captured."""
    order = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    out = Path(order["out"])
    write_environment(order["device"], out)
    window = capture(order)
    (out / "window.json").write_text(json.dumps(window, indent=1) + "\n", encoding="utf-8")


def capture(order: dict[str, Any]) -> dict[str, Any]:
    """Start the engine as it is measured, its profiler beside it, and capture the window."""
    from batchscope.engine.run import read_requests
    from batchscope.engine.start import start_engine
    from batchscope.engine.steps import VARIABLE, StepFile
    from batchscope.profiler.overhead import Window
    from batchscope.profiler.window import capture_window, engine_arguments

    window = Window(order["skip"], order["steps"])
    requests = read_requests(
        Path(order["prompts"]), order["output_tokens_per_review"], order["allowed_token_ids"]
    )
    args = {**order["args"], **engine_arguments(order["profiler"], order["device"], window, order["out"])}
    with tempfile.TemporaryDirectory(prefix="batchscope-") as scratch:
        steps = Path(scratch) / "steps"
        os.environ[VARIABLE] = str(steps)  # inherited by the engine's processes
        llm, _ = start_engine(order["model"], order["asset"], args, recording=True)
        return capture_window(llm, requests, window, order, StepFile(steps))


if __name__ == "__main__":
    main()
