"""An engine host: ``python -m batchscope.worker.engine HOST.json``, in an engine environment.

It starts one engine and measures runs on it, one after the other, until it is told to stop, nobody has asked
for anything for a while, or its guardian ends it. HOST.json holds the engine configuration (``model``,
``asset``, ``args``, ``device``, ``telemetry``), ``socket``, ``folder`` (where it describes its environment)
and ``idle_s``.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from batchscope.worker.quick_import import without_collection
from batchscope.worker.telemetry.environment import write_environment


def main() -> None:
    """Start the engine, then answer jobs."""
    host = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    # Before vLLM is imported, so that the machine is described even if the engine does not start.
    write_environment(host["device"], Path(host["folder"]))
    start_and_answer(host)


def start_and_answer(host: dict[str, Any]) -> None:
    """Start the engine with its instruments, and answer until it is to end."""
    with without_collection():
        from batchscope.worker.engine.engine_host import EngineHost
        from batchscope.worker.engine.start import start_engine
    from batchscope.worker.job_socket import answer_jobs
    from batchscope.worker.telemetry.hardware import make_probe, users_before
    from batchscope.worker.telemetry.pass_recorder import Instruments
    from batchscope.worker.telemetry.shared_prefix import is_asked, watch
    from batchscope.worker.telemetry.sparse_layers import count, is_wanted
    from batchscope.worker.telemetry.steps import VARIABLE

    steps = Path(host["socket"]).with_name("steps")
    os.environ[VARIABLE] = str(steps)  # inherited by the engine's processes
    others = users_before(host["device"])
    llm, seconds = start_engine(host["model"], host["asset"], host["args"], host["telemetry"])
    sparse = count(llm) if is_wanted(host["asset"]) else None
    instruments = None
    if host["telemetry"]:
        prefix = watch(llm) if is_asked(host["args"]) else None
        instruments = Instruments(steps, make_probe(host["device"], others), prefix)
    print(f"engine started in {seconds:.1f} s", flush=True)
    answer_jobs(EngineHost(llm, seconds, instruments, sparse), Path(host["socket"]), host["idle_s"])


if __name__ == "__main__":
    main()
