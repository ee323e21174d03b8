"""How long a run that has not been measured should take, from the cost model and from runs like it.

Runs with the same model, arithmetic and environment are alike. How work grows with n, with step limits and
with copies that the prefix cache serves comes from the cost model. What the cost model leaves out comes from
measured runs: a factor for each layout, the median of measured over modelled seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Any

from batchscope.common.errors import UserError
from batchscope.cost.break_even import Load, MeanLengths, requests_of
from batchscope.cost.flops import Lengths
from batchscope.cost.roofline import Engine, predict
from batchscope.results.cost_inputs import engine_of, mean_lengths, setting_of
from batchscope.results.records import Environment, RunRecord, load_measurement, read_record
from batchscope.studies.run import Run

ARITHMETIC = ("dtype", "quantization", "kv_cache_dtype", "tensor_parallel_size", "enforce_eager")
"""Engine arguments that runs must share to be alike: they decide how fast a GPU computes."""

INSTRUCTION_TOKENS = 24
"""Tokens of the published instruction; all other tokens of a prompt are taken to be its texts'."""


@dataclass(frozen=True)
class Likeness:
    """What runs must have in common to be predicted from each other."""

    environment: str
    model: str
    arithmetic: tuple[Any, ...]


@dataclass(frozen=True)
class Pattern:
    """What measured runs say about runs like them."""

    engine: Engine
    """of the measured run with the fewest engine arguments, whose limits are most likely vLLM's own"""
    block_size: int
    factors: Mapping[str, float]
    """measured over modelled seconds, by layout"""


def patterns(folders: Iterable[Path]) -> dict[Likeness, Pattern]:
    """What can be said from the runs in these folders; those that failed, or are damaged, say nothing."""
    alike: dict[Likeness, list[RunRecord]] = {}
    for folder in folders:
        try:
            record = RunRecord(
                load_measurement(folder), read_record(folder / "environment.json", Environment)
            )
        except UserError:
            continue
        spec = record.measurement.spec
        key = _likeness(spec.engine.environment, spec.engine.model, spec.engine.args)
        if record.measurement.status == "ok" and spec.workload.reuse == "none":
            alike.setdefault(key, []).append(record)
    found = {key: _pattern(records) for key, records in alike.items()}
    return {key: pattern for key, pattern in found.items() if pattern}


def _likeness(environment: str, model: str, args: Mapping[str, Any]) -> Likeness:
    return Likeness(environment, model, tuple(args.get(name) for name in ARITHMETIC))


def _pattern(records: Sequence[RunRecord]) -> Pattern | None:
    """The pattern of runs that are alike; None where a prediction lacks something, such as a known shape."""
    known = [(record, engine) for record in records if (engine := engine_of(record))]
    if not known:
        return None
    factors: dict[str, list[float]] = {}
    for record, engine in known:
        seconds = median(repeat.seconds for repeat in record.measurement.repeats)
        found = factors.setdefault(record.measurement.spec.workload.layout, [])
        found.append(seconds / predict(engine, mean_lengths(record)).ideal)
    plain, engine = min(known, key=lambda each: len(each[0].measurement.spec.engine.args))
    medians = {layout: median(found) for layout, found in factors.items()}
    return Pattern(engine, setting_of(plain, "block_size") or 16, medians)


def pattern_of(run: Run, found: Mapping[Likeness, Pattern]) -> Pattern | None:
    """The pattern that a run follows, with the run's own limits; None where nothing like it was measured."""
    args = run.engine.args.as_vllm()
    pattern = found.get(_likeness(run.engine.environment, run.engine.model, args))
    if pattern is None:
        return None
    limits = pattern.engine.limits
    batched = args.get("max_num_batched_tokens") or limits.batched_tokens
    seqs = args.get("max_num_seqs") or limits.seqs
    if run.load and run.load.max_concurrency:
        seqs = min(seqs, run.load.max_concurrency)
    own = replace(limits, batched_tokens=batched, seqs=min(seqs, batched))
    return replace(pattern, engine=replace(pattern.engine, limits=own))


@dataclass(frozen=True)
class PassTimes:
    """Predicted seconds of a run's warm-up, and of one pass."""

    warmup_s: float
    pass_s: float


def expected_times(pattern: Pattern, run: Run, prompts: int, prompt_tokens: int) -> PassTimes | None:
    """What a run should take by runs like it; None where the KV cache is too small for a prompt.

    Args:
        pattern: from measured runs like it.
        run: the run.
        prompts: number in one pass, duplicates counted.
        prompt_tokens: of all of them together.
    """
    requests = requests_of_run(run, prompts, prompt_tokens, pattern.block_size)
    warmup = warmup_of(requests, run.measure.warmup_tokens)
    factor = pattern.factors.get(run.workload.layout, median(pattern.factors.values()))
    try:
        warmup_s = predict(pattern.engine, warmup).ideal if warmup else 0.0
        return PassTimes(factor * warmup_s, factor * predict(pattern.engine, requests).ideal)
    except ValueError:
        return None


def requests_of_run(run: Run, prompts: int, prompt_tokens: int, block_size: int) -> list[Lengths]:
    """The requests of one pass, from the mean length of its prompts; arguments as for `expected_times`."""
    load, in_prompt = run.workload, run.prompts.n
    mean = prompt_tokens / prompts - INSTRUCTION_TOKENS
    texts = Load(
        MeanLengths(max(mean, 1.0) / in_prompt, INSTRUCTION_TOKENS),
        prompts // load.duplicates * in_prompt,
        load.duplicates,
        cached=load.reuse != "none",
        block_size=block_size,
        output_tokens_per_text=load.planned_tokens_per_text,
    )
    requests = requests_of(texts, "packed", in_prompt)  # a prompt of one text is packed with n = 1
    if load.reuse == "text":  # the copy's number stands before the instruction, which is computed again
        requests = [
            replace(each, cached_tokens=_without_instruction(each.cached_tokens, block_size))
            for each in requests
        ]
    return requests


def _without_instruction(cached: int, block_size: int) -> int:
    """Cached tokens, in whole blocks, of a duplicate whose instruction is computed again."""
    return max(cached - INSTRUCTION_TOKENS, 0) // block_size * block_size


def warmup_of(requests: Sequence[Lengths], tokens: int) -> list[Lengths]:
    """The first requests that together hold at least ``tokens``, as the worker's `warmup_requests`."""
    before = [0, *accumulate(each.prompt_tokens for each in requests)]
    first = [each for each, held in zip(requests, before, strict=False) if held < tokens]
    return [replace(each, cached_tokens=0) for each in first]
