"""Predicted curves over n for the engine configuration with most runs, and the break-even n on them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from batchscope.cost.break_even import (
    BreakEven,
    Layout,
    Load,
    MeanLengths,
    break_even,
    candidates,
    requests_of,
    texts_per_s,
)
from batchscope.cost.flops import Architecture
from batchscope.cost.roofline import Engine, flops_by_part
from batchscope.cost.scheduler_simulation import work_of
from batchscope.reports.cost.frame import Constant, Estimate, Key
from batchscope.results.cost_inputs import setting_of

LARGEST = 400
"""Curves go at least this far, as the published study does."""

MANY = 4000
"""Texts that keep an engine busy, where no run does: as many as the published study labels."""

MARGIN = 0.02
"""The break-even n is given with those at which packing is ahead, or behind, by this much."""

SAME = (
    "max_num_batched_tokens",
    "max_num_seqs",
    "dtype",
    "quantization",
    "kv_cache_dtype",
    "tensor_parallel_size",
    "enable_prefix_caching",
)
"""Engine arguments that runs of one curve share."""


@dataclass(frozen=True)
class Curves:
    """One engine configuration: its runs, their texts, and what is predicted for them over n."""

    engine: Engine
    estimates: list[Estimate]
    others: int
    """runs of other configurations, which are not shown"""
    lengths: MeanLengths
    busy: int | None
    """texts in one pass of the runs that keep the engine busy; None where every run labels n"""
    flops: pd.DataFrame
    """GFLOP a text: ``layout, n`` and a column for each of `roofline.FLOP`"""
    rates: pd.DataFrame
    """``layout, n, busy, texts_per_s``; empty without a constant"""
    break_even: BreakEven
    """without reuse, the engine kept busy"""
    reuse: "Reuse | None"


@dataclass(frozen=True)
class Reuse:
    """The break-even where every prompt is sent several times, and duplicates come from the prefix cache."""

    load: Load
    break_even: BreakEven


def curves_of(estimates: Sequence[Estimate], found: dict[Key, Constant]) -> Curves | None:
    """The curves of the largest group; None where its runs do not tell text from instruction."""
    groups: dict[tuple[object, ...], list[Estimate]] = defaultdict(list)
    for each in estimates:
        if each.engine is not None and each.requests:
            groups[_configuration(each)].append(each)
    if not groups:
        return None
    group = max(groups.values(), key=len)
    engine, lengths, busy = group[0].engine, lengths_of(group), _busy(group)
    if engine is None or lengths is None:
        return None
    outputs = group[0].run.measurement.spec.workload.planned_tokens_per_text
    load = Load(lengths, busy or MANY, output_tokens_per_text=outputs)
    largest = _largest(engine, load, group)
    if largest < 2:  # not even two texts fit into the KV cache
        return None
    tried = candidates(largest)
    constant = found.get(group[0].key)
    return Curves(
        engine=engine,
        estimates=group,
        others=len(estimates) - len(group),
        lengths=lengths,
        busy=busy,
        flops=_flops(engine, load, tried),
        rates=_rates(engine, constant.value, load, busy, tried) if constant else pd.DataFrame(),
        break_even=break_even(engine, load, largest, MARGIN),
        reuse=_reuse([each for each in estimates if each.key == group[0].key], engine.model, lengths),
    )


def _reuse(estimates: Sequence[Estimate], model: Architecture, lengths: MeanLengths) -> Reuse | None:
    """Of the run that had most from the prefix cache; None where none had anything."""
    same = [each for each in estimates if each.engine is not None and each.engine.model == model]
    cached = {id(each): sum(one.cached_tokens for one in each.requests) for each in same}
    most = max(same, key=lambda each: cached[id(each)], default=None)
    if most is None or most.engine is None or not cached[id(most)]:
        return None
    workload = most.run.measurement.spec.workload
    if workload.duplicates == 1:  # what was cached is the instruction, or part of a text
        return None
    block = setting_of(most.run, "block_size") or 16
    outputs = workload.planned_tokens_per_text
    load = Load(lengths, workload.total_texts, workload.duplicates, True, block, outputs)
    largest = min(_largest(most.engine, load, [most]), workload.total_texts)
    return Reuse(load, break_even(most.engine, load, largest, MARGIN)) if largest > 1 else None


def _configuration(each: Estimate) -> tuple[object, ...]:
    run = each.run
    spec = run.measurement.spec
    asked = (spec.engine.model, spec.workload.planned_tokens_per_text)
    return (*each.key, *asked, *(setting_of(run, key) for key in SAME))


def lengths_of(estimates: Sequence[Estimate]) -> MeanLengths | None:
    """Mean tokens of a text and of what a prompt has beside: a line through the runs, by least squares.

    All tokens a text = its own + instruction x prompts a text; runs count by their texts. None where all
    runs have as many prompts a text, or where the line makes no sense.
    """
    texts = np.array([each.run.measurement.texts for each in estimates], dtype=float)
    prompts = np.array([len(each.requests) for each in estimates]) / texts
    tokens = np.array([sum(one.prompt_tokens for one in each.requests) for each in estimates]) / texts
    if len(set(prompts)) < 2:
        return None
    instruction, text = np.polyfit(prompts, tokens, 1, w=np.sqrt(texts))
    return MeanLengths(float(text), float(instruction)) if text > 0 and instruction > 0 else None


def _largest(engine: Engine, load: Load, group: Sequence[Estimate]) -> int:
    """Where curves end: at the group's largest n or `LARGEST`, if the KV cache holds such a prompt."""
    wanted = max(LARGEST, *(each.run.measurement.spec.workload.n for each in group))
    if engine.limits.kv_tokens is None:
        return wanted
    room = engine.limits.kv_tokens - load.lengths.instruction_tokens - 1
    return min(wanted, int(room / (load.lengths.text_tokens + load.output_tokens_per_text)))


def _busy(group: Sequence[Estimate]) -> int | None:
    """The texts that most runs with more texts than n have in common."""
    loads = [each.run.measurement.spec.workload for each in group]
    counts = pd.Series([load.total_texts for load in loads if load.total_texts > load.n], dtype="int64")
    return None if counts.empty else int(counts.mode().iloc[-1])


def _flops(engine: Engine, load: Load, tried: Sequence[int]) -> pd.DataFrame:
    rows = []
    places: list[tuple[Layout, int]] = [("separate", 1), *(("packed", n) for n in tried)]
    for layout, n in places:
        requests = requests_of(load, layout, n)
        parts = flops_by_part(engine.model, work_of(requests)).sum()
        texts = sum(one.output_tokens for one in requests) / load.output_tokens_per_text
        rows.append({"layout": layout, "n": n, **(parts / texts / 1e9)})
    return pd.DataFrame(rows)


def _rates(
    engine: Engine, constant: float, load: Load, busy: int | None, tried: Sequence[int]
) -> pd.DataFrame:
    """Texts/s of both layouts over n: with n texts to label in all, and with the engine kept busy."""
    places: list[tuple[Layout, int]] = [("packed", n) for n in tried]
    places += [("separate", n) for n in (1, *tried)]
    rows = [
        {
            "layout": layout,
            "n": n,
            "busy": texts is not None,
            "texts_per_s": texts_per_s(engine, constant, replace(load, texts=texts or n), layout, n),
        }
        for texts in dict.fromkeys((None, busy))
        for layout, n in places
    ]
    return pd.DataFrame(rows)
