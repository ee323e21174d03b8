"""Measures one run on a started engine: warm-up, timed passes, and the files of the run."""

import json
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from vllm import LLM

from batchscope.common.answer_limits import AskedAnswers, asked_answers
from batchscope.common.prefix_cache_theory import FULL_ATTENTION, served_tokens
from batchscope.common.schemas import HARDWARE, REQUESTS, STEPS
from batchscope.worker.engine.label_probabilities import NOTHING, Wanted
from batchscope.worker.engine.repeat_stop_rule import most_repeats, stop_reason
from batchscope.worker.engine.start import differing_arguments, resolved_arguments
from batchscope.worker.engine.timed_pass import Request, closure_failures, pass_totals, request_rows, run_pass
from batchscope.worker.telemetry.environment import write_environment
from batchscope.worker.telemetry.pass_recorder import Telemetry


def read_requests(path: Path, answers: AskedAnswers) -> list[Request]:
    """The prompts of one pass, each with the limits of its answer."""
    with path.open(encoding="utf-8") as file:
        prompts = [json.loads(line) for line in file]
    return [
        Request(prompt["id"], prompt["token_ids"], answers.limits[prompt["n"]], prompt["n"])
        for prompt in prompts
    ]


def warmup_requests(requests: Sequence[Request], tokens: int) -> list[Request]:
    """The first requests that together hold at least ``tokens`` prompt tokens; none for 0."""
    before = [0, *accumulate(len(request.token_ids) for request in requests)]
    return [request for request, sum_before in zip(requests, before, strict=False) if sum_before < tokens]


def measure(
    llm: LLM,
    spec: dict[str, Any],
    requests: Sequence[Request],
    telemetry: Telemetry,
    tell: Callable[[str], None],
    wanted: Wanted = NOTHING,
) -> dict[str, Any]:
    """Warm up, then time the passes of one run on a started engine; ``telemetry`` keeps its records.

    The engine tells the probabilities that are ``wanted``.

    Returns:
        ``warmup``, ``repeats``, ``stopped``, ``expected_cached_tokens`` and ``invalid`` of measurement.json,
        and the ``rows`` of requests.parquet.
    """
    protocol = spec["measure"]
    resolved = resolved_arguments(llm)
    cached = expected_cached_tokens(spec, requests, resolved)
    if cached is None:
        tell(f"the model has {resolved['attention']}: what its prefix cache serves is not checked")
    warmup, rows, invalid = [], [], []
    repeats: list[dict[str, Any]] = []
    stopped: dict[str, Any] | None = None
    first = warmup_requests(requests, protocol["warmup_tokens"])
    if first and wanted.any:
        # vLLM compiles a function for these probabilities, and again when a batch has another size.
        first = list(requests)
    if first:
        warmup.append(pass_totals(run_pass(llm, first, "warm-up", wanted=wanted)))
        tell(f"warm-up: {warmup[0]['prompt_tokens']:,} prompt tokens in {warmup[0]['seconds']:.2f} s")
    while stopped is None:
        label = f"repeat {len(repeats) + 1}/{most_repeats(protocol)}"
        result = run_pass(llm, requests, label, telemetry.watching(), wanted)
        rows += request_rows(result, requests, len(repeats), wanted)
        totals = pass_totals(result) | telemetry.keep(len(repeats), result.started_monotonic, result.seconds)
        repeats.append(totals)
        failures = closure_failures(result, requests, cached, wanted)
        invalid += [reason for reason in failures if reason not in invalid]
        rate = (totals["prompt_tokens"] + totals["output_tokens"]) / totals["seconds"]
        tell(f"{label}: {totals['seconds']:.2f} s, {rate:,.0f} total tokens/s")
        stopped = stop_reason([each["seconds"] for each in repeats], protocol)
    if (width := stopped["half_width"]) is not None:
        tell(f"ended by {stopped['reason']} after {len(repeats)} repeats: mean known within {width:.1%}")
    return {
        "warmup": warmup,
        "repeats": repeats,
        "stopped": stopped,
        "expected_cached_tokens": cached,
        "invalid": invalid,
        "rows": rows,
    }


def expected_cached_tokens(
    spec: dict[str, Any], requests: Sequence[Request], resolved: dict[str, Any]
) -> int | None:
    """Prompt tokens of one pass that the prefix cache must serve.

    0 if the workload has ``reuse: none``; None where theory is silent, because not all of the model's layers
    see the whole prompt.

    Args:
        spec: the run's.
        requests: in the order of submission.
        resolved: the engine's arguments in force.
    """
    if spec["workload"].get("reuse", "none") == "none":
        return 0
    if resolved["attention"] != FULL_ATTENTION:
        return None
    return sum(served_tokens((request.token_ids for request in requests), resolved["block_size"]))


def measure_run(
    llm: LLM, job: dict[str, Any], telemetry: Telemetry, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Measure one run and write its Parquet files and ``environment.json`` into the job's folder.

    Args:
        llm: The started engine.
        job: ``spec``, the paths ``prompts`` and ``out``, ``answers`` as `AskedAnswers.as_json` has them.
        telemetry: Empty; it is filled.
        tell: Called with each line of progress.

    Returns:
        What `measure` returns for measurement.json, and the arguments in force.
    """
    spec, out = job["spec"], Path(job["out"])
    write_environment(spec["device"], out, telemetry.computing())
    answers = asked_answers(job["answers"])
    requests = read_requests(Path(job["prompts"]), answers)
    wanted = Wanted(answers.label_token_ids, answers.answer_logprobs)
    result = measure(llm, spec, requests, telemetry, tell, wanted)
    resolved = resolved_arguments(llm)
    for name, rows, schema in (
        ("requests", result.pop("rows"), REQUESTS),
        ("steps", telemetry.steps, STEPS),
        ("hardware", telemetry.hardware, HARDWARE),
    ):
        pq.write_table(pa.Table.from_pylist(rows, schema), out / f"{name}.parquet", compression="zstd")
    result["invalid"] += differing_arguments(spec["engine"]["args"], resolved)
    return {**result, "resolved": resolved}
