"""Gates: what a run or a load point must pass to count, looked at whenever tables are made.

To add a gate, write a function that takes a run and yields a sentence for each thing wrong with it, and give
it an entry in `GATES`, which says what it looks at. Changing one costs no measurement. A gate is silent where
it lacks what it needs: nothing known is no accusation. docs/validity.md says what each catches, and what it
cannot.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from batchscope.cost.flops import Rate, highest_rate
from batchscope.cost.gpu_peaks import CLOCK_MARGIN
from batchscope.results.clock_events import THROTTLED
from batchscope.results.cost_inputs import architecture_of, ceiling_flops, lengths_of, setting_of
from batchscope.results.in_force.shared_prefix import shared_prefix
from batchscope.results.in_force.sparse_kernels import sparse_kernels
from batchscope.results.loads.latencies import MS, latencies
from batchscope.results.records import Invalidity, Repeat, RunRecord, Status

TERA = 1e12

BUSY = 0.9
"""Share of a core from which on the client, one thread, has hardly any time left."""

LATE = 0.1
"""Share of a TTFT that the client's own lateness may have, for the medians and for the 99th percentiles."""


@dataclass(frozen=True)
class Validity:
    """Whether a run counts, and if not, why."""

    status: Status
    invalid: tuple[Invalidity, ...]
    """reasons of the engine's own checks, then those of `GATES`"""

    @property
    def valid(self) -> bool:
        """Whether the run's figures may be compared."""
        return self.status == "ok" and not self.invalid


def validity_of(run: RunRecord) -> Validity:
    """All reasons why a run does not count; of a load point, see `LoadPoint.run`."""
    found = (
        Invalidity(code=code, detail=detail)
        for code, gate in GATES.items()
        if not any(getattr(run, table).empty for table in gate.looks_at)
        for detail in gate.faults(run)
    )
    return Validity(run.measurement.status, (*run.measurement.invalid, *found))


def flops(run: RunRecord) -> Iterator[str]:
    """Work done faster than the GPU can compute: it was not computed, or the clock is wrong.

    Silent where the model's shape or the device is not known.
    """
    if (ceiling := ceiling_flops(run)) is None or run.environment.gpu is None:
        return
    rates = {number: rate for number in range(len(run.measurement.repeats)) if (rate := _rate(run, number))}
    for number, rate in sorted(rates.items(), key=lambda item: -item[1].per_second)[:1]:
        if rate.per_second > CLOCK_MARGIN * ceiling:
            yield (
                f"repeat {number + 1}: {_tera(rate.flops)} TFLOP by {rate.seconds:.4g} s are "
                f"{_tera(rate.per_second)} TFLOP/s, and {run.environment.gpu.name} can do "
                f"{_tera(ceiling)} TFLOP/s at most: prompts must have been served from a cache, "
                "or the clock is wrong"
            )


def _tera(value: float) -> str:
    """A figure in millions of millions."""
    return f"{value / TERA:,.0f}" if value >= 100 * TERA else f"{value / TERA:.3g}"


def _rate(run: RunRecord, number: int) -> Rate | None:
    """The highest rate that a repeat implies; None where shape or lengths are not known."""
    model, requests = architecture_of(run), lengths_of(run, number)
    if model is None or not requests:
        return None
    rows = run.requests[run.requests["repeat"] == number]
    first_tokens = [None if pd.isna(at) else float(at) for at in rows["first_token_s"]]
    return highest_rate(model, requests, first_tokens, run.measurement.repeats[number].seconds)


def gpus(run: RunRecord) -> Iterator[str]:
    """What was locked, what was sampled and what computed are not the same GPUs. Silent on CPU."""
    if (gpu := run.environment.gpu) is None:
        return
    for what, ids in (("held", gpu.held), ("computing", gpu.computing)):
        if ids and gpu.ids and set(ids) != set(gpu.ids):
            yield (
                f"{_GPUS[what]} {', '.join(ids)}, and sampled {', '.join(gpu.ids)}: telemetry is of "
                "other GPUs than those measured; let nothing but the workflow set CUDA_VISIBLE_DEVICES"
            )


_GPUS = {"held": "the run had locked the GPUs", "computing": "the engine computed on the GPUs"}


def foreign_process(run: RunRecord) -> Iterator[str]:
    """Another program computed on the GPU while the clock ran. Silent on CPU."""
    counts = run.hardware["foreign_processes"].dropna()
    if (shared := counts[counts > 0]).any():
        yield (
            f"another program was on the GPU in {_samples(run, shared.index, len(counts))}; "
            "measure again when it has ended"
        )


def throttled(run: RunRecord) -> Iterator[str]:
    """The GPU slowed down out of heat or for lack of power. Silent on CPU.

    At its power limit, or at clocks that somebody fixed, it is in its normal state (`clock_events`).
    """
    masks = run.hardware["clock_event_reasons"].dropna().astype("int64")
    for bit, words in THROTTLED.items():
        if len(slowed := masks[(masks & bit) != 0]):
            yield f"{words} in {_samples(run, slowed.index, len(masks))}; see to the cooling and power supply"


def _samples(run: RunRecord, rows: "pd.Index[int]", count: int) -> str:
    """Rows of the hardware table in words: ``3 of 40 samples (repeats 1, 2)``."""
    repeats = sorted({int(repeat) + 1 for repeat in run.hardware.loc[rows, "repeat"]})
    name = "repeat" if len(repeats) == 1 else "repeats"
    return f"{len(rows)} of {count} samples ({name} {', '.join(map(str, repeats))})"


def steps(run: RunRecord) -> Iterator[str]:
    """The engine's steps do not add up to the work that was asked for.

    Every token is scheduled or found in the cache once, and once more if a preemption discarded it; but for
    each request's last one, which is never fed back, unless the engine plans ahead (`_fed_in_vain`).
    """
    for number, repeat in enumerate(run.measurement.repeats):
        rows = run.steps if run.steps.empty else run.steps[run.steps["repeat"] == number]
        if repeat.steps is not None and len(rows) != repeat.steps:
            yield f"repeat {number + 1}: {len(rows)} steps recorded, {repeat.steps} counted"
        elif len(rows):
            found, wanted, in_vain = _scheduled(rows), _fed(repeat), _fed_in_vain(run, number)
            if found - wanted not in in_vain:
                more = f" and {in_vain[-1]:,} fed in vain" if in_vain[-1] else ""
                yield f"repeat {number + 1}: steps hold {found:,} tokens, its requests {wanted:,}{more}"


def _fed_in_vain(run: RunRecord, number: int) -> range:
    """How many tokens may be fed back for nothing.

    With asynchronous scheduling a step is planned before the one before it has told its tokens. A request
    that ends by itself is then in one more step, with the token that ended it; one that ends at its limit is
    not, since the limit is known. Seen with vLLM 0.26 on an H200, exact in each of 21 passes.
    """
    if not setting_of(run, "async_scheduling"):
        return range(1)
    rows = run.requests[run.requests["repeat"] == number] if len(run.requests) else run.requests
    if "finish_reason" not in rows:
        return range(run.measurement.repeats[number].requests + 1)
    ended = rows[rows["finish_reason"] == "stop"]
    # One may end by itself with the last token that it is allowed.
    limit = min((answer.most for answer in run.measurement.answers), default=0)
    return range(int((ended["output_tokens"] < limit).sum()), len(ended) + 1)


def _scheduled(rows: pd.DataFrame) -> int:
    """Tokens in steps or found in the cache, those that were discarded once."""
    taken = rows[["prefill_tokens", "decode_tokens", "cached_tokens"]].to_numpy(dtype="int64").sum()
    return int(taken - rows["discarded_tokens"].to_numpy(dtype="int64").sum())


def _fed(repeat: Repeat) -> int:
    """Tokens that a repeat feeds to the model."""
    return repeat.prompt_tokens + repeat.output_tokens - repeat.requests


def client(run: RunRecord) -> Iterator[str]:
    """The server's client was the bottleneck: what it measured is itself."""
    state, ttft = run.measurement.client, latencies(run.client)["ttft"]
    if state.cpu_share is not None and state.cpu_share > BUSY:
        yield f"the client had {100 * state.cpu_share:.0f} % of a core: it could not have sent or read more"
    if not len(ttft):
        return
    for name, percent, lag in (("median", 50, state.lag_median_s), ("p99", 99, state.lag_p99_s)):
        value = float(np.percentile(ttft, percent))
        if lag is not None and MS * lag > LATE * value:
            yield (
                f"the client was {MS * lag:.1f} ms late ({name}), and the {name} TTFT is {value:.1f} ms; "
                "give it more cores, or send less"
            )


@dataclass(frozen=True)
class Gate:
    """What looks for one kind of fault."""

    faults: Callable[[RunRecord], Iterator[str]]
    """a sentence for each thing wrong with a run"""
    looks_at: tuple[Literal["requests", "steps", "hardware", "client"], ...]
    """tables of `RunRecord`; the gate is silent where one is empty, as without telemetry or of older runs"""


GATES: dict[str, Gate] = {
    "flops": Gate(flops, looks_at=("requests",)),
    "gpus": Gate(gpus, looks_at=()),
    "foreign_process": Gate(foreign_process, looks_at=("hardware",)),
    "throttled": Gate(throttled, looks_at=("hardware",)),
    "steps": Gate(steps, looks_at=()),
    "shared_prefix": Gate(shared_prefix, looks_at=()),
    "sparse_kernels": Gate(sparse_kernels, looks_at=()),
    "client": Gate(client, looks_at=("client",)),
}
"""Reason code to gate, for runs and load points alike: only a load point has a ``client`` table.

The codes of the engine's own checks are in docs/validity.md.
"""
