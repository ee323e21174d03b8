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
    Texts,
    break_even,
    candidates,
    requests_of,
    reviews_per_s,
)
from batchscope.cost.flops import Architecture
from batchscope.cost.roofline import Engine, flops_by_part
from batchscope.cost.scheduler_simulation import work_of
from batchscope.reports.cost.frame import Constant, Estimate, Key
from batchscope.results.cost_inputs import setting_of

LARGEST = 400
"""Curves go at least this far, as the published study does."""

MANY = 4000
"""Reviews that keep an engine busy, where no run does: as many as the published study labels."""

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
    texts: Texts
    busy: int | None
    """reviews in one pass of the runs that keep the engine busy; None where every run labels n"""
    flops: pd.DataFrame
    """GFLOP a review: ``layout, n`` and a column for each of `roofline.FLOP`"""
    rates: pd.DataFrame
    """``layout, n, busy, reviews_per_s``; empty without a constant"""
    break_even: BreakEven
    """without reuse, the engine kept busy"""
    reuse: "Reuse | None"


@dataclass(frozen=True)
class Reuse:
    """The break-even where every prompt is sent several times, and duplicates come from the prefix cache."""

    load: Load
    break_even: BreakEven


def curves_of(estimates: Sequence[Estimate], found: dict[Key, Constant]) -> Curves | None:
    """The curves of the largest group; None where its runs do not tell review from instruction."""
    groups: dict[tuple[object, ...], list[Estimate]] = defaultdict(list)
    for each in estimates:
        if each.engine is not None and each.requests:
            groups[_configuration(each)].append(each)
    if not groups:
        return None
    group = max(groups.values(), key=len)
    engine, texts, busy = group[0].engine, texts_of(group), _busy(group)
    if engine is None or texts is None:
        return None
    outputs = group[0].run.measurement.spec.workload.planned_tokens_per_review
    load = Load(texts, busy or MANY, output_tokens_per_review=outputs)
    largest = _largest(engine, load, group)
    if largest < 2:  # not even two reviews fit into the KV cache
        return None
    tried = candidates(largest)
    constant = found.get(group[0].key)
    return Curves(
        engine=engine,
        estimates=group,
        others=len(estimates) - len(group),
        texts=texts,
        busy=busy,
        flops=_flops(engine, load, tried),
        rates=_rates(engine, constant.value, load, busy, tried) if constant else pd.DataFrame(),
        break_even=break_even(engine, load, largest, MARGIN),
        reuse=_reuse([each for each in estimates if each.key == group[0].key], engine.model, texts),
    )


def _reuse(estimates: Sequence[Estimate], model: Architecture, texts: Texts) -> Reuse | None:
    """Of the run that had most from the prefix cache; None where none had anything."""
    same = [each for each in estimates if each.engine is not None and each.engine.model == model]
    cached = {id(each): sum(one.cached_tokens for one in each.requests) for each in same}
    most = max(same, key=lambda each: cached[id(each)], default=None)
    if most is None or most.engine is None or not cached[id(most)]:
        return None
    workload = most.run.measurement.spec.workload
    if workload.duplicates == 1:  # what was cached is the instruction, or part of a review
        return None
    block = setting_of(most.run, "block_size") or 16
    outputs = workload.planned_tokens_per_review
    load = Load(texts, workload.total_reviews, workload.duplicates, True, block, outputs)
    largest = min(_largest(most.engine, load, [most]), workload.total_reviews)
    return Reuse(load, break_even(most.engine, load, largest, MARGIN)) if largest > 1 else None


def _configuration(each: Estimate) -> tuple[object, ...]:
    run = each.run
    spec = run.measurement.spec
    asked = (spec.engine.model, spec.workload.planned_tokens_per_review)
    return (*each.key, *asked, *(setting_of(run, key) for key in SAME))


def texts_of(estimates: Sequence[Estimate]) -> Texts | None:
    """Mean tokens of a review and of what a prompt has beside: a line through the runs, by least squares.

    Tokens a review = review + instruction x prompts a review; runs count by their reviews. None where all
    runs have as many prompts a review, or where the line makes no sense.
    """
    reviews = np.array([each.run.measurement.reviews for each in estimates], dtype=float)
    prompts = np.array([len(each.requests) for each in estimates]) / reviews
    tokens = np.array([sum(one.prompt_tokens for one in each.requests) for each in estimates]) / reviews
    if len(set(prompts)) < 2:
        return None
    instruction, review = np.polyfit(prompts, tokens, 1, w=np.sqrt(reviews))
    return Texts(float(review), float(instruction)) if review > 0 and instruction > 0 else None


def _largest(engine: Engine, load: Load, group: Sequence[Estimate]) -> int:
    """Where curves end: at the group's largest n or `LARGEST`, if the KV cache holds such a prompt."""
    wanted = max(LARGEST, *(each.run.measurement.spec.workload.n for each in group))
    if engine.limits.kv_tokens is None:
        return wanted
    room = engine.limits.kv_tokens - load.texts.instruction_tokens - 1
    return min(wanted, int(room / (load.texts.review_tokens + load.output_tokens_per_review)))


def _busy(group: Sequence[Estimate]) -> int | None:
    """The reviews that most runs with more reviews than n have in common."""
    loads = [each.run.measurement.spec.workload for each in group]
    counts = pd.Series([load.total_reviews for load in loads if load.total_reviews > load.n], dtype="int64")
    return None if counts.empty else int(counts.mode().iloc[-1])


def _flops(engine: Engine, load: Load, tried: Sequence[int]) -> pd.DataFrame:
    rows = []
    places: list[tuple[Layout, int]] = [("separate", 1), *(("packed", n) for n in tried)]
    for layout, n in places:
        requests = requests_of(load, layout, n)
        parts = flops_by_part(engine.model, work_of(requests)).sum()
        reviews = sum(one.output_tokens for one in requests) / load.output_tokens_per_review
        rows.append({"layout": layout, "n": n, **(parts / reviews / 1e9)})
    return pd.DataFrame(rows)


def _rates(
    engine: Engine, constant: float, load: Load, busy: int | None, tried: Sequence[int]
) -> pd.DataFrame:
    """Reviews/s of both layouts over n: with n reviews to label in all, and with the engine kept busy."""
    places: list[tuple[Layout, int]] = [("packed", n) for n in tried]
    places += [("separate", n) for n in (1, *tried)]
    rows = [
        {
            "layout": layout,
            "n": n,
            "busy": reviews is not None,
            "reviews_per_s": reviews_per_s(engine, constant, replace(load, reviews=reviews or n), layout, n),
        }
        for reviews in dict.fromkeys((None, busy))
        for layout, n in places
    ]
    return pd.DataFrame(rows)
