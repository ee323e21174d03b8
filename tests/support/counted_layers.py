"""Run with an engine environment's Python: how many layers have a scheme, as an engine counts those with 2:4 kernels.

Argument: a JSON file with ``model`` (a folder), ``asset``, ``args``, ``scheme`` (a class of vLLM's) and ``out``, the
file that gets the counts.
"""

import json
import sys
from pathlib import Path

from batchscope.worker.engine.start import start_engine
from batchscope.worker.telemetry import sparse_layers

if __name__ == "__main__":
    asked = json.loads(Path(sys.argv[1]).read_text())
    sparse_layers.SCHEME = asked["scheme"]  # the engine's processes are forks of this one
    llm, _ = start_engine(asked["model"], asked["asset"], asked["args"], recording=False)
    Path(asked["out"]).write_text(json.dumps(sparse_layers.count(llm)))
