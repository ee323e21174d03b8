"""The run that others are held against, where no gold label says what is right; docs/labels.md has the rule.

A run's reference run has the same model, separate prompts, and of these the most precise engine.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from batchscope.results.gates import validity_of
from batchscope.results.records import Measurement, RunRecord
from batchscope.statistics.accuracy import counted_once

ANSWERS = ("free", "labels", "json", "codes")
"""The earlier, the closer to what the model says of itself."""

BITS = {"float32": 32, "float": 32, "float16": 16, "bfloat16": 16, "half": 16}
QUANTIZED_BITS = 8
"""Of weights, or of the KV cache, that are held in another form; which one is not told apart."""


def with_references(records: Sequence[RunRecord], *, coverage: float) -> list[RunRecord]:
    """The runs, each with its reference run, which has none itself; without where there is none.

    The reference run of a run that is one is the run itself: their agreement says how alike repeats are.

    Args:
        records: all runs.
        coverage: share of texts that must have a label in a reference run, where any run has so many.
    """
    candidates = [candidate for record in records if (candidate := _candidate(record))]
    return [replace(record, reference=reference_of(record, candidates, coverage)) for record in records]


def _candidate(record: RunRecord) -> RunRecord | None:
    """A run that can be a reference, with the rows that count; None for any other."""
    run = record.measurement
    if record.labels.empty or run.spec.workload.layout != "separate" or not validity_of(record).valid:
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


def _texts(record: RunRecord) -> bytes:
    """Ids of the texts that a run was asked about, as a key: many runs have the same."""
    return np.unique(record.labels["text_id"].to_numpy(np.int64)).tobytes()


@lru_cache(maxsize=1024)
def _in_common(texts: bytes, others: bytes) -> int:
    """How many texts two runs were both asked about."""
    first, second = (np.frombuffer(each, dtype=np.int64) for each in (texts, others))
    return len(np.intersect1d(first, second, assume_unique=True))


def precision(run: Measurement) -> tuple[int, int]:
    """Bits of the weights and of the KV cache, as far as the engine's arguments tell."""
    dtype = str(_argument(run, "dtype")).rpartition(".")[2]
    bits = BITS.get(dtype, 16)
    cache = str(_argument(run, "kv_cache_dtype") or "auto")
    quantized = _argument(run, "quantization") is not None
    return (
        QUANTIZED_BITS if quantized else bits,
        bits if cache == "auto" else BITS.get(cache, QUANTIZED_BITS),
    )


def _argument(run: Measurement, name: str) -> Any:
    """An engine argument as it was resolved, or else as it was asked for."""
    return run.engine.resolved.get(name, run.spec.engine.args.get(name))


def answer_form(run: Measurement) -> str:
    """How the model might answer."""
    return run.spec.workload.answer
