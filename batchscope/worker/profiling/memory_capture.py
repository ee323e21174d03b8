"""Finds out what takes memory: ``python -m batchscope.worker.profiling.memory_capture ORDER.json``.

It runs in an engine environment. ORDER.json is a `batchscope.profiling.capture.CaptureJob`. The folder
``out`` gets ``environment.json`` and ``memory.json``; with a GPU also the allocator's ``start.pickle`` and
``snapshot.pickle``, and ``timeline.html``, PyTorch's page of the snapshot.
"""

import json
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from batchscope.common.answer_limits import asked_answers
from batchscope.worker.telemetry.environment import write_environment

WORKERS = {
    "cpu": "batchscope.worker.profiling.memory_worker_cpu.MemoryWorker",
    "cuda": "batchscope.worker.profiling.memory_worker_gpu.MemoryWorker",
}
SNAPSHOT, TIMELINE = "snapshot.pickle", "timeline.html"


def main() -> None:
    """Start the engine with a worker that notes its memory, run a pass, write memory.json."""
    order = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    out = Path(order["out"])
    write_environment(order["device"], out)
    memory = observe(order)
    if order["device"] == "cuda":
        write_timeline(out)
    (out / "memory.json").write_text(json.dumps(memory, indent=1) + "\n", encoding="utf-8")


def observe(order: Mapping[str, Any]) -> dict[str, Any]:
    """What the worker of the first rank holds at the end of a whole pass.

    The allocator's history is limited. It ends with a window of a few steps, so that it still contains the
    warm-up; the worker saves the engine's start apart, because capturing CUDA graphs overwrites it. The whole
    pass after the window shows the peak.

    Returns:
        ``figures`` of the worker, ``invalid`` (as measurement.json) and ``resolved`` engine arguments.
    """
    from batchscope.worker.engine.measure_run import read_requests, warmup_requests
    from batchscope.worker.engine.start import resolved_arguments, start_engine
    from batchscope.worker.engine.timed_pass import closure_failures, run_pass

    requests = read_requests(Path(order["prompts"]), asked_answers(order["answers"]))
    args = {**order["args"], "worker_cls": WORKERS[order["device"]]}
    llm, _ = start_engine(order["model"], order["asset"], args, recording=False)
    resolved = resolved_arguments(llm)
    if first := warmup_requests(requests, order["warmup_tokens"]):
        run_pass(llm, first, "warm-up")
    llm.collective_rpc("note_moment", args=("window",))
    run_pass(llm, warmup_requests(requests, order["steps"] * resolved["max_num_batched_tokens"]), "window")
    llm.collective_rpc("write_snapshot", args=(str(Path(order["out"]) / SNAPSHOT),))
    llm.collective_rpc("watch_peak")
    result = run_pass(llm, requests, "whole pass")
    return {
        "figures": llm.collective_rpc("memory_figures")[0],
        "invalid": closure_failures(result, requests, order["cached_tokens"]),
        "resolved": resolved,
    }


def write_timeline(out: Path) -> None:
    """Write PyTorch's page of the snapshot, with the snapshot in it; it loads its viewer from the net."""
    from torch.cuda._memory_viz import trace_plot

    snapshot = pickle.loads((out / SNAPSHOT).read_bytes())  # noqa: S301 - our own worker wrote it
    (out / TIMELINE).write_text(trace_plot(snapshot), encoding="utf-8")


if __name__ == "__main__":
    main()
