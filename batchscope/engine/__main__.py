"""An engine host: ``python -m batchscope.engine HOST.json``, in an engine environment.

It starts one engine and measures runs on it, one after the other, until it is told to stop, nobody has asked
for anything for a while, or its guardian ends it. HOST.json holds the engine configuration (``model``,
``asset``, ``args``, ``device``), ``socket``, ``folder`` (where it describes its environment) and ``idle_s``.
"""

import json
import sys
from pathlib import Path

from batchscope.engine.host import Host, serve
from batchscope.engine.run import write_environment
from batchscope.engine.start import start_engine


def main() -> None:
    """Start the engine, then serve."""
    host = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    # First, so that an engine that does not start still says where it did not.
    write_environment(host["device"], Path(host["folder"]))
    llm, seconds = start_engine(host["model"], host["asset"], host["args"])
    serve(Host(llm, seconds), Path(host["socket"]), host["idle_s"])


if __name__ == "__main__":
    main()
