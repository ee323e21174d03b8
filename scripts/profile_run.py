"""Look into a few engine steps of one run with a profiler; its results are in no table of timings."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from batchscope.common.atomic_files import replacing, write_text
from batchscope.common.errors import UserError, run_script
from batchscope.common.prefix_cache_theory import served_tokens, why_silent
from batchscope.common.seal import sealed
from batchscope.common.visible_gpus import Visible
from batchscope.config.profile import PROFILERS, module_of
from batchscope.cost.flops import Lengths, architecture_from
from batchscope.inputs.context import text_config
from batchscope.jobs.device_lock import device_lock
from batchscope.jobs.engine_pool import EnginePool
from batchscope.jobs.inherited_variables import inherited_variables, with_inherited
from batchscope.jobs.job_arguments import Job, check_asked, job_arguments, read_job
from batchscope.jobs.measurement_files import architecture
from batchscope.jobs.state_folder import state_folder
from batchscope.profiling.capture import CaptureJob
from batchscope.profiling.schemas import EVENTS, STEPS, TIMELINE
from batchscope.profiling.window_plan import (
    BLOCK_SIZE,
    WindowPlan,
    limits_of,
    plan_window,
    precision_in,
    step_cost,
    work_of_window,
)


def main() -> None:
    """Plan the window, capture it, write the tables that docs/files.md lists for a profile."""
    parser = job_arguments(__doc__, timeout_s=300)
    parser.add_argument("--profiler", required=True, choices=PROFILERS, help="what captures it")
    parser.add_argument("--steps", type=int, required=True, help="engine steps in the window")
    parser.add_argument("--at", type=float, required=True, help="where in the pass: share of its time")
    args = parser.parse_args()

    # Only the profiler in use is imported.
    job, profiler = read_job(args), import_module(module_of(args.profiler))
    if job.unfit:
        raise UserError(f"{job.run}: {job.unfit}; name another run under profile.runs")
    check_asked(job)
    shape = architecture(job.model)
    requests = requests_of(job)
    plan = plan_of(job, requests, shape, args.steps, args.at)
    EnginePool(state_folder()).make_room(job.spec["device"], job.gpus)
    job.out.mkdir(parents=True, exist_ok=True)
    with device_lock(job.spec["device"], max(job.gpus, 1)) as gpus:
        profiler.capture(capture_of(job, gpus, plan))
    if profiler.KEPT == "memory.json":
        keep_memory(job, profiler, shape)
        return
    window = keep_window(job, args.profiler, profiler, requests, shape)
    print(f"{job.run}, {args.profiler}: {describe(window)}", flush=True)


def requests_of(job: Job) -> list[Lengths]:
    """Tokens of each request of a pass, and of those how many the prefix cache serves."""
    args, load = job.spec["engine"]["args"], job.spec["workload"]
    with job.prompts.open(encoding="utf-8") as file:
        prompts = [json.loads(line) for line in file]
    tokens = [prompt["token_ids"] for prompt in prompts]
    reuse = load.get("reuse", "none") != "none"
    block_size = args.get("block_size") or BLOCK_SIZE[job.spec["device"]]
    cached = served_tokens(tokens, block_size) if reuse else [0] * len(tokens)
    return [
        Lengths(len(ids), found, job.answers.limits[prompt["n"]].expected)
        for prompt, ids, found in zip(prompts, tokens, cached, strict=True)
    ]


def plan_of(
    job: Job, requests: Sequence[Lengths], shape: Mapping[str, Any], steps: int, at: float
) -> WindowPlan:
    """Where the window lies, as the scheduler's simulation and the cost model have the pass."""
    args, device, model = job.spec["engine"]["args"], job.spec["device"], architecture_from(shape)
    dtype = args.get("dtype") or shape.get("dtype") or shape.get("torch_dtype")
    cost = step_cost(model, precision_in({**args, "dtype": dtype}), device) if model else None
    return plan_window(requests, limits_of(args, device, model), steps, at, cost)


def capture_of(job: Job, gpus: list[Visible], plan: WindowPlan) -> CaptureJob:
    """What the profiler gets."""
    engine = job.spec["engine"]
    reuse = job.spec["workload"].get("reuse", "none") != "none"
    config = text_config(job.model, engine["args"].get("hf_overrides"))
    return CaptureJob(
        python=job.python,
        device=job.spec["device"],
        gpus=gpus,
        model=str(job.model.resolve()),
        asset=job.spec["model"],
        args=engine["args"],
        variables=engine["variables"],
        prompts=str(job.prompts.resolve()),
        answers=job.answers.as_json(),
        steps=plan.steps,
        out=job.out,
        log=job.log,
        timeout_s=job.timeout_s,
        skip=plan.skip,
        warmup_tokens=job.spec["measure"]["warmup_tokens"],
        cached_tokens=None if reuse and why_silent(config) else plan.cached_tokens,
    )


def keep_window(
    job: Job, called: str, profiler: Any, requests: Sequence[Lengths], shape: dict[str, Any]
) -> dict[str, Any]:
    """Parse the capture; write its two tables, and window.json with all that its summary needs.

    Args:
        job: The profiled run.
        called: The profiler's name.
        profiler: Its module.
        requests: Of one pass.
        shape: The model's architecture.

    Raises:
        UserError: there is no capture, or it is damaged; or the pass did not do what it should.
    """
    started, out = time.monotonic(), job.out
    captured = json.loads((out / "window.json").read_text(encoding="utf-8"))
    check_work(job, captured)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    events, steps = profiler.parse(out)
    for name, frame, schema in (("events", events, EVENTS), ("steps", steps, STEPS)):
        write_table(frame, schema, out / f"{name}.parquet")
    work = work_of_window(requests, captured["resolved"], captured["skip"], len(steps))
    window = {
        **job.identity,
        "profiler": called,
        "layout": job.spec["workload"]["layout"],
        "gpus": max(job.gpus, 1),
        "steps": len(steps),
        "capture_bytes": size,
        "parse_s": time.monotonic() - started,
        **captured,
        "architecture": shape,
        "work": work.to_dict("records"),
    }
    keep(out, "window.json", window, job)
    return window


def keep_memory(job: Job, profiler: Any, shape: dict[str, Any]) -> None:
    """Complete memory.json by all that its table needs; write the allocator's timeline, if there is one.

    Raises:
        UserError: there is no capture, or it is damaged; or the pass did not do what it should.
    """
    out = job.out
    captured, timeline = profiler.parse(out, job.spec["device"])
    check_work(job, captured)
    memory = {
        **job.identity,
        "device": job.spec["device"],
        "gpus": max(job.gpus, 1),
        "capture_bytes": sum(path.stat().st_size for path in out.rglob("*") if path.is_file()),
        **captured,
        "kv_cache_memory_bytes": job.spec["engine"]["args"].get("kv_cache_memory_bytes"),
        "architecture": shape,
    }
    if timeline is not None:
        write_table(timeline, TIMELINE, out / "timeline.parquet")
    keep(out, "memory.json", memory, job)
    print(f"{job.run}, memory: {memory['figures']['used'] / 1e6:,.1f} MB in use", flush=True)


def keep(out: Path, name: str, captured: dict[str, Any], job: Job) -> None:
    """Complete environment.json; write a capture's JSON file last, with the seal of all that is there."""
    environment = json.loads((out / "environment.json").read_text(encoding="utf-8"))
    inherited = inherited_variables(os.environ, job.spec["engine"]["variables"])
    text = json.dumps(with_inherited(environment, inherited), indent=1)
    write_text(out / "environment.json", text + "\n")
    for temporary in ("order.json", name):  # the former names folders of this machine
        (out / temporary).unlink(missing_ok=True)
    files = [path.name for path in out.iterdir() if path.is_file()]
    write_text(out / name, json.dumps(sealed(captured, out, files), indent=1) + "\n")


def check_work(job: Job, captured: dict[str, Any]) -> None:
    """Stop where the pass was another one than asked."""
    if captured["invalid"]:
        reasons = "; ".join(reason["detail"] for reason in captured["invalid"])
        raise UserError(f"{job.run}: the profiled pass did other work than asked: {reasons}")


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
