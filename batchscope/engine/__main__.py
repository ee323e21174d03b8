"""An engine host: ``python -m batchscope.engine HOST.json``, in an engine environment.

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

from batchscope.engine.environment import write_environment


def main() -> None:
    """Start the engine, then answer jobs."""
    host = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    # Before vLLM is imported, so that an engine that does not start still says where it did not.
    write_environment(host["device"], Path(host["folder"]))
    start_and_answer(host)


def start_and_answer(host: dict[str, Any]) -> None:
    """Start the engine with its instruments, and answer until it is to end."""
    from batchscope.engine.hardware import make_probe, users_before
    from batchscope.engine.host import EngineHost
    from batchscope.engine.start import start_engine
    from batchscope.engine.steps import VARIABLE
    from batchscope.engine.telemetry import Instruments
    from batchscope.jobs.conversation import answer_jobs

    steps = Path(host["socket"]).with_name("steps")
    os.environ[VARIABLE] = str(steps)  # inherited by the engine's processes
    others = users_before(host["device"])
    llm, seconds = start_engine(host["model"], host["asset"], host["args"], host["telemetry"])
    instruments = Instruments(steps, make_probe(host["device"], others)) if host["telemetry"] else None
    print(f"engine started in {seconds:.1f} s", flush=True)
    answer_jobs(EngineHost(llm, seconds, instruments), Path(host["socket"]), host["idle_s"])


if __name__ == "__main__":
    main()
