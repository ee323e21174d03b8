"""Measure one run: ``python -m batchscope.engine JOB.json``, in an engine environment.

JOB.json holds the run's ``spec``, the paths ``model``, ``prompts`` and ``out`` (a folder), and ``progress``,
a file descriptor for lines that a person wants to see; everything else goes to stdout, into the log.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from vllm import LLM

from batchscope.engine.environment import describe_environment
from batchscope.engine.passes import Request, closure_failures, pass_totals, request_rows, run_pass
from batchscope.engine.schema import REQUESTS
from batchscope.engine.start import differing_arguments, resolved_arguments, start_engine
from batchscope.engine.stopping import most_repeats, stop_reason


def read_requests(path: Path, output_tokens_per_review: int) -> list[Request]:
    """The prompts of one pass, each with as many output tokens as it has reviews to label."""
    with path.open(encoding="utf-8") as file:
        prompts = [json.loads(line) for line in file]
    return [
        Request(prompt["id"], prompt["token_ids"], prompt["n"] * output_tokens_per_review)
        for prompt in prompts
    ]


def warmup_requests(requests: Sequence[Request], tokens: int) -> list[Request]:
    """The first requests that together hold at least ``tokens`` prompt tokens; none for 0."""
    before = [0, *accumulate(len(request.token_ids) for request in requests)]
    return [request for request, sum_before in zip(requests, before, strict=False) if sum_before < tokens]


def measure(
    llm: LLM, spec: dict[str, Any], requests: Sequence[Request], tell: Callable[[str], None]
) -> dict[str, Any]:
    """Warm up, then time the passes of one run on a started engine.

    Returns:
        ``warmup``, ``repeats``, ``stopped`` and ``invalid`` of measurement.json, the ``rows`` of
        requests.parquet.
    """
    protocol = spec["measure"]
    warmup, rows, invalid = [], [], []
    repeats: list[dict[str, Any]] = []
    stopped: dict[str, Any] | None = None
    if first := warmup_requests(requests, protocol["warmup_tokens"]):
        warmup.append(pass_totals(run_pass(llm, first, "warm-up")))
        tell(f"warm-up: {warmup[0]['prompt_tokens']:,} prompt tokens in {warmup[0]['seconds']:.2f} s")
    while stopped is None:
        label = f"repeat {len(repeats) + 1}/{most_repeats(protocol)}"
        result = run_pass(llm, requests, label)
        rows += request_rows(result, requests, len(repeats))
        totals = pass_totals(result)
        repeats.append(totals)
        invalid += [reason for reason in closure_failures(result, requests) if reason not in invalid]
        rate = (totals["prompt_tokens"] + totals["output_tokens"]) / totals["seconds"]
        tell(f"{label}: {totals['seconds']:.2f} s, {rate:,.0f} total tokens/s")
        stopped = stop_reason([each["seconds"] for each in repeats], protocol)
    if (width := stopped["half_width"]) is not None:
        tell(f"ended by {stopped['reason']} after {len(repeats)} repeats: mean known within {width:.1%}")
    return {"warmup": warmup, "repeats": repeats, "stopped": stopped, "invalid": invalid, "rows": rows}


def main() -> None:
    """Start the engine, measure the run, write what came of it."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    spec, out = job["spec"], Path(job["out"])
    # First, so that a run that ends without a result still says where it ended.
    (out / "environment.json").write_text(json.dumps(describe_environment(spec["device"]), indent=1) + "\n")
    with os.fdopen(job["progress"], "w", buffering=1) as progress:

        def tell(line: str) -> None:
            print(line, file=progress)
            print(line)

        requests = read_requests(Path(job["prompts"]), spec["workload"]["output_tokens_per_review"])
        llm, seconds = start_engine(job["model"], spec["model"], spec["engine"]["args"])
        tell(f"engine started in {seconds:.1f} s")
        result = measure(llm, spec, requests, tell)
        resolved = resolved_arguments(llm)

    pq.write_table(
        pa.Table.from_pylist(result.pop("rows"), REQUESTS), out / "requests.parquet", compression="zstd"
    )
    result["invalid"] += differing_arguments(spec["engine"]["args"], resolved)
    result["engine"] = {"start_s": seconds, "reused": False, "resolved": resolved}
    (out / "result.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
