"""The run that others are held against, where no gold label says what is right; docs/labels.md has the rule.

A run's reference run has the same model, separate prompts, and of these the most precise engine. What an
engine's precision does to labels is told by another one: the run of the same prompts that has the study's
most precise engine (`most_precise_of`). The layout is then no part of the difference.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from batchscope.common.canonical_json import canonical_json
from batchscope.results.gates import validity_of
from batchscope.results.records import Measurement, RunRecord
from batchscope.statistics.accuracy import counted_once

ANSWERS = ("free", "labels", "json", "codes")
"""The earlier, the closer to what the model says of itself."""

BITS = {"float32": 32, "float": 32, "float16": 16, "bfloat16": 16, "half": 16}
QUANTIZED_BITS = 8
"""Of weights, or of the KV cache, in a form whose name does not tell."""

FOUR_BITS = ("awq", "gptq")
"""Parts of names that tell of 4 bits without a number."""

IN_A_NAME = re.compile(r"(?:fp|int|(?<=_)k|v)(\d+)|(\d+)bit")
"""Bits in names such as fp8_per_block, int8_per_token_head, nvfp4, turboquant_k8v4, turboquant_4bit_nc."""

FINER = ("fp8_per_channel", "fp8_per_block")
"""Of fp8 weights those that have more scales than one a tensor, the finest last."""


def with_references(records: Sequence[RunRecord], *, coverage: float) -> list[RunRecord]:
    """The runs, each with its reference run, which has none itself; without where there is none.

    The reference run of a run that is one is the run itself: their agreement says how alike repeats are.

    Args:
        records: all runs.
        coverage: share of texts that must have a label in a reference run, where any run has so many.
    """
    counted = [found for record in records if (found := _counted(record))]
    separate = [each for each in counted if each.measurement.spec.workload.layout == "separate"]
    alike: dict[str, list[RunRecord]] = {}
    for each in counted:
        alike.setdefault(question_of(each.measurement), []).append(each)
    return [
        replace(
            record,
            reference=reference_of(record, separate, coverage),
            most_precise=most_precise_of(record, alike.get(question_of(record.measurement), ())),
        )
        for record in records
    ]


def _counted(record: RunRecord) -> RunRecord | None:
    """A run that others can be held against, with the rows that count; None for any other."""
    if record.labels.empty or not validity_of(record).valid:
        return None
    rows = counted_once(record.labels)
    if rows["label"].isna().all():
        return None
    return replace(record, labels=rows.reset_index(drop=True), reference=None)


def reference_of(record: RunRecord, candidates: Sequence[RunRecord], coverage: float) -> RunRecord | None:
    """The run's reference run among the candidates; of equals the first.

    It was asked about as many of the run's texts as any; has a label for nearly all of them, if any run has;
    has the most precise engine; answers as freely as any; and is of the run's own study.
    """
    if record.labels.empty:
        return None
    run, texts = record.measurement, _texts(record)

    def rank(other: RunRecord) -> tuple[Any, ...]:
        its = other.measurement
        return (
            _in_common(texts, _texts(other)),
            other.labels["label"].notna().mean() >= coverage,
            precision(its),
            -ANSWERS.index(answer_form(its)),
            its.study == run.study,
        )

    alike = [other for other in candidates if other.measurement.spec.engine.model == run.spec.engine.model]
    ranks = [rank(other) for other in alike]
    best = max(ranks, default=(0,))
    return alike[ranks.index(best)] if best[0] else None


def most_precise_of(record: RunRecord, alike: Sequence[RunRecord]) -> RunRecord | None:
    """Of runs that ask the same of the same model the one on the most precise engine; of equals the first.

    Args:
        record: the run.
        alike: those valid runs of its study, each with one row of labels a text.

    Returns:
        Itself, for the most precise run; None where all such runs have one engine configuration.
    """
    if record.labels.empty:
        return None
    engines = {_engine(other.measurement) for other in (record, *alike)}
    return (
        max(alike, key=lambda other: precision(other.measurement), default=None) if len(engines) > 1 else None
    )


def question_of(run: Measurement) -> str:
    """All that decides what a run asks, but its engine, as a key."""
    workload = run.spec.workload.model_dump_json()
    return canonical_json([run.study, run.spec.engine.model, workload, run.spec.task])


def _engine(run: Measurement) -> str:
    return canonical_json([run.spec.engine.environment, run.spec.engine.args, run.spec.engine.variables])


def _texts(record: RunRecord) -> bytes:
    """Ids of the texts that a run was asked about, as a key: many runs have the same."""
    return np.unique(record.labels["text_id"].to_numpy(np.int64)).tobytes()


@lru_cache(maxsize=1024)
def _in_common(texts: bytes, others: bytes) -> int:
    """How many texts two runs were both asked about."""
    first, second = (np.frombuffer(each, dtype=np.int64) for each in (texts, others))
    return len(np.intersect1d(first, second, assume_unique=True))


def precision(run: Measurement) -> tuple[int, int, int]:
    """Bits of the weights, how fine their scales are, and bits of the KV cache, as far as arguments tell."""
    dtype = str(_argument(run, "dtype")).rpartition(".")[2]
    bits = BITS.get(dtype, 16)
    cache = str(_argument(run, "kv_cache_dtype") or "auto")
    weights = _argument(run, "quantization")
    return (
        bits if weights is None else bits_in(str(weights)),
        FINER.index(weights) + 1 if weights in FINER else 0,
        bits if cache == "auto" else BITS.get(cache, bits_in(cache)),
    )


def bits_in(name: str) -> int:
    """The fewest bits that a quantization's name tells of; `QUANTIZED_BITS` where it tells nothing."""
    told = [int(first or second) for first, second in IN_A_NAME.findall(name)]
    return min(told) if told else 4 if any(part in name for part in FOUR_BITS) else QUANTIZED_BITS


def _argument(run: Measurement, name: str) -> Any:
    """An engine argument as it was resolved, or else as it was asked for."""
    return run.engine.resolved.get(name, run.spec.engine.args.get(name))


def answer_form(run: Measurement) -> str:
    """How the model might answer."""
    return run.spec.workload.answer
