"""Guards one engine: holds its device, starts it, and ends it with the workflow.

`batchscope.jobs.engine_pool` starts it: ``python -m batchscope.jobs.engine_guardian ORDER.json``.
"""

import argparse
import json
import os
import shutil
import time
from pathlib import Path
from typing import IO, Any

import psutil

from batchscope.common.atomic_files import WORKFLOW, replacing
from batchscope.common.errors import UserError, run_script
from batchscope.common.exit_status import CRASHED
from batchscope.common.processes import gone
from batchscope.common.visible_gpus import Visible
from batchscope.jobs.device_lock import device_lock
from batchscope.jobs.engine_pool import environment_folder
from batchscope.jobs.engine_variables import engine_variables, not_passed_on
from batchscope.jobs.environments import variables_for
from batchscope.jobs.failures.engine_start_watch import SAYS, StartWatch
from batchscope.jobs.forking.engine_copy import start_copy
from batchscope.jobs.supervise import run_supervised, supervise

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Read the order, wait for the device, run the engine host until it ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("order", type=Path, help="JSON: the engine, the paths, the process to follow")
    order = json.loads(parser.parse_args().order.read_text(encoding="utf-8"))
    os.environ.pop(WORKFLOW, None)  # it follows the workflow itself, and says how the engine ended after it
    if names := ", ".join(not_passed_on(os.environ)):
        print(f"not passed on to vLLM: {names}; engine.variables sets what is meant", flush=True)
    try:
        asked = time.monotonic()
        with device_lock(order["device"], max(order["gpus"], 1)) as gpus:
            guard(order, gpus, waited_s=time.monotonic() - asked)
    finally:
        shutil.rmtree(order["folder"], ignore_errors=True)


def guard(order: dict[str, Any], gpus: list[Visible], waited_s: float) -> None:
    """Run the engine host until it ends; ``KEY.json`` says that it is there, ``KEY.ended`` how it ended.

    Args:
        order: the engine request, paths, and the process to follow, from `EnginePool`.
        gpus: those held.
        waited_s: seconds that passed until the device was free.
    """
    pid, created = order["follow"]
    follow = process_that_was(pid, created)
    state = Path(order["state"])
    described, ended = state.with_suffix(".json"), state.with_suffix(".ended")
    ended.unlink(missing_ok=True)
    status = None
    try:
        with state.with_suffix(".log").open("wb") as log:
            with replacing(described) as path:
                told = {key: order[key] for key in ("socket", "start_id")}
                about = {"guardian": os.getpid(), **told, "waited_s": waited_s}
                path.write_text(json.dumps(about))
            status = run_host(order, gpus, log, follow)
    finally:
        if status is not None:
            with replacing(ended) as path:
                path.write_text(json.dumps({"status": status}))
        if described.exists() and json.loads(described.read_text())["guardian"] == os.getpid():
            described.unlink(missing_ok=True)


def run_host(order: dict[str, Any], gpus: list[Visible], log: IO[bytes], follow: psutil.Process) -> int:
    """Run the engine host to its end, or until it cannot become ready any more; its exit status."""
    state, host = Path(order["state"]), Path(order["folder"]) / "host.json"
    host.write_text(json.dumps({**order, "folder": str(environment_folder(state))}))
    watch = StartWatch(state.with_suffix(".log"), Path(order["socket"]))
    inherited = variables_for(order["device"], order["python"])
    variables = engine_variables(inherited, str(ROOT), gpus, order["variables"])
    status = CRASHED

    def over(process: psutil.Process) -> bool:
        return gone(follow) or watch.is_hopeless(process)

    cores = {core for gpu in gpus for core in gpu.cores}
    if copy := start_copy(order, host_module(order), [str(host)], variables, log, over):
        bind(copy.pid, cores)
        status = supervise(copy, timeout_s=None, follow=follow, hopeless=watch.is_hopeless)
    elif not watch.why:
        bind(os.getpid(), cores)  # what it starts inherits it
        command = [order["python"], "-m", host_module(order), str(host)]
        status = run_supervised(command, log, variables, None, follow, watch.is_hopeless)
    if not watch.why:
        return status
    log.write(f"{SAYS}{watch.why}\n".encode())
    return CRASHED


def bind(pid: int, cores: set[int]) -> None:
    """Let a process, and what it starts from here on, run on these cores alone; on all that it has if none.

    Raises:
        UserError: this machine lets it have none of them.
    """
    try:
        if cores:
            os.sched_setaffinity(pid, cores)
    except OSError:
        raise UserError(
            f"core_sets: this process may have none of the cores {sorted(cores)}; it has "
            f"{sorted(os.sched_getaffinity(0))}"
        ) from None


def host_module(order: dict[str, Any]) -> str:
    """The module that hosts the engine: an offline one, or a server."""
    return "batchscope.worker.engine" if order["server"] is None else "batchscope.worker.server"


def process_that_was(pid: int, created: float) -> psutil.Process:
    """The process with this id that was created at ``created`` (seconds since 1970); ids are used again.

    Raises:
        UserError: it is gone already.
    """
    try:
        process = psutil.Process(pid)
        if process.create_time() == created and not gone(process):
            return process
    except psutil.NoSuchProcess:
        pass
    raise UserError("the workflow that asked for an engine is gone")


if __name__ == "__main__":
    run_script(main)
