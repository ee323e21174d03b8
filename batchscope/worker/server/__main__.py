"""A server host: ``python -m batchscope.worker.server HOST.json``, in an engine environment.

It starts one ``vllm serve`` and measures load points on it, one after the other, until it is told to stop,
nobody has asked for anything for a while, or its guardian ends it. HOST.json has what
`batchscope.worker.engine` takes, and ``server`` with its ``port`` (null: any free one).
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from batchscope.worker.quick_import import without_collection
from batchscope.worker.telemetry.environment import write_environment


def main() -> None:
    """Start the server, then answer jobs."""
    host = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    # Before anything can fail, so that the machine is described even if the server does not start.
    write_environment(host["device"], Path(host["folder"]))
    start_and_answer(host)


def start_and_answer(host: dict[str, Any]) -> None:
    """Start the server with its instruments, and answer until it is to end."""
    from batchscope.worker.job_socket import answer_jobs
    from batchscope.worker.server.server_process import ProgressLines, running_server
    from batchscope.worker.telemetry.hardware import make_probe, users_before
    from batchscope.worker.telemetry.pass_recorder import Instruments
    from batchscope.worker.telemetry.steps import VARIABLE

    socket = Path(host["socket"])
    steps, tell = socket.with_name("steps"), ProgressLines(socket.with_name("progress"))
    os.environ[VARIABLE] = str(steps)  # inherited by the server's processes
    others = users_before(host["device"])
    with running_server(host, tell) as server:
        # Here, while the server starts, because the client's imports take as long.
        with without_collection():
            from batchscope.worker.server.measure_load import ServerHost

        server.wait_until_ready(tell)
        instruments = Instruments(steps, make_probe(host["device"], others))
        answer_jobs(ServerHost(server, instruments, host["model"]), socket, host["idle_s"])


if __name__ == "__main__":
    main()
