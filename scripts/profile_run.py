"""Look into a few engine steps of one run with a profiler; its results are in no table of timings."""

import argparse
import json
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from batchscope.config import Environment
from batchscope.engine.prefix_cache import served_tokens
from batchscope.engine_pool import EnginePool, state_folder
from batchscope.environments import require
from batchscope.errors import UserError, run_script
from batchscope.files import replacing, write_text
from batchscope.flops import Architecture, Lengths, architecture_from
from batchscope.measurement import architecture
from batchscope.models import context_length
from batchscope.profiles.capture import CaptureJob
from batchscope.profiles.plan import BLOCK_SIZE, WindowPlan, limits_of, plan_window
from batchscope.profiles.schema import EVENTS, STEPS, TIMELINE
from batchscope.supervise import device_lock
from scripts.measure import check_fits, restriction

PROFILERS = {
    "torch": "batchscope.profiles.torch_trace",
    "nsys": "batchscope.profiles.nsys",
    "memory": "batchscope.profiles.memory",
}
"""Modules with ``capture`` and ``parse``; only the one in use is imported."""


@dataclass(frozen=True)
class Task:
    """The run, as its rule describes it."""

    run: str
    profiler: str
    spec: dict[str, Any]
    summary: dict[str, Any]
    """prompts.json"""
    prompts: Path
    model: Path
    gpus: int


def main() -> None:
    """Plan the window, capture it, write the tables that docs/files.md lists for a profile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, help="study/run, the run's name")
    parser.add_argument("--profiler", required=True, choices=PROFILERS, help="what captures it")
    parser.add_argument("--spec", required=True, help="JSON: all that decides the run")
    parser.add_argument("--environments", required=True, help="JSON: engine environment to its Python")
    parser.add_argument("--steps", type=int, required=True, help="engine steps in the window")
    parser.add_argument("--gpus", type=int, default=0, help="GPUs that the engine uses; 0 on CPU")
    parser.add_argument("--timeout", type=float, default=300, help="seconds until the capture is stopped")
    parser.add_argument("--prompts", type=Path, required=True, help="prompts.jsonl")
    parser.add_argument("--prompts-summary", type=Path, required=True, help="prompts.json")
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for the capture and its tables")
    parser.add_argument("--log", type=Path, required=True, help="file for the engine's output")
    args = parser.parse_args()

    spec = json.loads(args.spec)
    summary = json.loads(args.prompts_summary.read_text(encoding="utf-8"))
    task = Task(args.run, args.profiler, spec, summary, args.prompts, args.model, args.gpus)
    name = spec["engine"]["environment"]
    python = require(name, Environment(python=json.loads(args.environments)[name], device=spec["device"]))
    shape = architecture(args.model)
    check_fits(args.run, spec, summary, context_length(args.model))
    plan = plan_of(task, architecture_from(shape), args.steps)
    EnginePool(state_folder()).make_room(spec["device"], args.gpus)
    args.out.mkdir(parents=True, exist_ok=True)
    with device_lock(spec["device"], max(args.gpus, 1)) as gpus:
        profiler_of(task).capture(job_of(task, python, gpus, plan, args.out, args.log, args.timeout))
    if args.profiler == "memory":
        keep_memory(task, shape, args.out)
        return
    window = keep(task, plan, shape, args.out)
    print(f"{args.run}, {args.profiler}: {describe(window)}", flush=True)


def profiler_of(task: Task) -> Any:
    """The module that captures and parses."""
    return import_module(PROFILERS[task.profiler])


def plan_of(task: Task, model: Architecture | None, steps: int) -> WindowPlan:
    """The middle of the pass, as the scheduler's simulation has it."""
    args, load = task.spec["engine"]["args"], task.spec["workload"]
    with task.prompts.open(encoding="utf-8") as file:
        prompts = [json.loads(line) for line in file]
    tokens = [prompt["token_ids"] for prompt in prompts]
    reuse = load.get("reuse", "none") != "none"
    block_size = args.get("block_size") or BLOCK_SIZE[task.spec["device"]]
    cached = served_tokens(tokens, block_size) if reuse else [0] * len(tokens)
    requests = [
        Lengths(len(ids), found, prompt["n"] * load["output_tokens_per_review"])
        for prompt, ids, found in zip(prompts, tokens, cached, strict=True)
    ]
    return plan_window(requests, limits_of(args, task.spec["device"], model), steps)


def job_of(
    task: Task, python: str, gpus: list[str], plan: WindowPlan, out: Path, log: Path, timeout_s: float
) -> CaptureJob:
    """What the profiler gets."""
    engine = task.spec["engine"]
    return CaptureJob(
        python=python,
        device=task.spec["device"],
        gpus=gpus,
        model=str(task.model.resolve()),
        asset=task.spec["model"],
        args=engine["args"],
        variables=engine["variables"],
        prompts=str(task.prompts.resolve()),
        output_tokens_per_review=task.spec["workload"]["output_tokens_per_review"],
        allowed_token_ids=restriction(task.spec, task.summary).get("allowed_token_ids"),
        steps=plan.steps,
        out=out,
        log=log,
        timeout_s=timeout_s,
        skip=plan.skip,
        warmup_tokens=task.spec["measure"]["warmup_tokens"],
        cached_tokens=plan.cached_tokens,
    )


def keep(task: Task, plan: WindowPlan, shape: dict[str, Any], out: Path) -> dict[str, Any]:
    """Parse the capture; write its two tables, and window.json with all that its summary needs.

    Raises:
        UserError: there is no capture, or it is damaged; or the pass did not do what it should.
    """
    started = time.monotonic()
    captured = json.loads((out / "window.json").read_text(encoding="utf-8"))
    check_work(task, captured)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    events, steps = profiler_of(task).parse(out)
    for name, frame, schema in (("events", events, EVENTS), ("steps", steps, STEPS)):
        write_table(frame, schema, out / f"{name}.parquet")
    study, run = task.run.split("/")
    window = {
        "study": study,
        "run": run,
        "profiler": task.profiler,
        "layout": task.spec["workload"]["layout"],
        "gpus": max(task.gpus, 1),
        "steps": len(steps),
        "capture_bytes": size,
        "parse_s": time.monotonic() - started,
        **captured,
        "architecture": shape,
        "work": plan.work.to_dict("records"),
    }
    write_text(out / "window.json", json.dumps(window, indent=1) + "\n")
    (out / "order.json").unlink(missing_ok=True)  # it names folders of this machine
    return window


def keep_memory(task: Task, shape: dict[str, Any], out: Path) -> None:
    """Complete memory.json by all that its table needs; write the allocator's timeline, if there is one.

    Raises:
        UserError: there is no capture, or it is damaged; or the pass did not do what it should.
    """
    captured, timeline = profiler_of(task).parse(out, task.spec["device"])
    check_work(task, captured)
    study, run = task.run.split("/")
    memory = {
        "study": study,
        "run": run,
        "device": task.spec["device"],
        "gpus": max(task.gpus, 1),
        "capture_bytes": sum(path.stat().st_size for path in out.rglob("*") if path.is_file()),
        **captured,
        "kv_cache_memory_bytes": task.spec["engine"]["args"].get("kv_cache_memory_bytes"),
        "architecture": shape,
    }
    if timeline is not None:
        write_table(timeline, TIMELINE, out / "timeline.parquet")
    write_text(out / "memory.json", json.dumps(memory, indent=1) + "\n")
    (out / "order.json").unlink(missing_ok=True)  # it names folders of this machine
    print(f"{task.run}, memory: {memory['figures']['used'] / 1e6:,.1f} MB in use", flush=True)


def check_work(task: Task, captured: dict[str, Any]) -> None:
    """Stop where the pass was another one than asked."""
    if captured["invalid"]:
        reasons = "; ".join(reason["detail"] for reason in captured["invalid"])
        raise UserError(f"{task.run}: the profiled pass did other work than asked: {reasons}")


def write_table(frame: pd.DataFrame, schema: pa.Schema, path: Path) -> None:
    """Write a table, whole or not at all."""
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False).replace_schema_metadata(None)
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def describe(window: dict[str, Any]) -> str:
    """One line for the terminal."""
    overhead = window["overhead"]
    slower = "too few steps to tell the overhead" if overhead is None else f"overhead {overhead:+.1%}"
    return (
        f"{window['steps']} steps captured after {window['skip']} of {window['pass_steps']}, "
        f"{window['capture_bytes'] / 1e6:.1f} MB, {slower}"
    )


if __name__ == "__main__":
    run_script(main)
