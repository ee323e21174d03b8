"""The cost model beside what was measured: one row a run.

Columns of the cost frame, in this order (a missing value is NA; counts are of one pass):

- ``study, run, status, valid, invalid, layout, n, texts, duplicates, model, device``; ``texts`` counts
  duplicates.
- ``lengths``: ``requests`` where each request's length is known, ``mean`` where only totals are.
- ``prompt_tokens, cached_tokens, output_tokens``: of all requests.
- ``flop``, ``flop_<phase>_<part>``: FLOP in all; of prefill and decode in linear layers, attention, head.
- ``bytes``, ``bytes_<part>``: bytes moved, of weights, KV read and KV written.
- ``steps, steps_measured``: engine steps, simulated and counted.
- ``measured_s``: geometric mean of the repeats. ``predicted_s``, and of it ``predicted_prefill_s``,
  ``predicted_decode_s`` (steps that do one alone) and ``predicted_mixed_s``; ``measured_over_predicted``.
- ``compute_share``: of the predicted time, in steps that computing limits; ``limit``: ``compute`` or
  ``memory bandwidth``.
- ``mfu, bandwidth_use``: shares of the peaks that the measured seconds mean.
- ``kv_tokens_predicted, kv_tokens_reported, kv_basis`` (``asked``: the run sets its size; ``estimated``).
- ``constant, constant_unit, constant_origin``: what predictions are divided by, and where it came from.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import geometric_mean, median
from typing import Any

import pandas as pd

from batchscope.cost.flops import Lengths
from batchscope.cost.gpu_peaks import share_of
from batchscope.cost.roofline import BYTES, FLOP, Engine, Prediction, flops_by_part, predict
from batchscope.cost.scheduler_simulation import work_of
from batchscope.results.cost_inputs import (
    architecture_of,
    arithmetic_of_run,
    device_of,
    engine_of,
    gpus_of,
    kv_size_asked,
    kv_tokens_of,
    lengths_of,
    mean_lengths,
    peak_flops,
)
from batchscope.results.gates import Validity, validity_of
from batchscope.results.records import RunRecord

Row = dict[str, Any]
Key = tuple[str, bool, str]
"""What has a constant of its own: a device by name, whether its peaks are known, and the arithmetic."""

SHARE, RATE = "share of peak", "FLOP/s"

COUNTS = ("steps", "steps_measured", "kv_tokens_predicted", "kv_tokens_reported")
TEXTS = ("invalid", "limit", "kv_basis", "constant_unit", "constant_origin")
KINDS = dict.fromkeys(COUNTS, "Int64") | dict.fromkeys(TEXTS, "str") | {"compute_share": "float64"}
"""Columns that may lack values, and still have one type."""


@dataclass(frozen=True)
class Estimate:
    """A run, what is known of its requests, and the prediction."""

    run: RunRecord
    validity: Validity
    requests: list[Lengths]
    lengths: str
    engine: Engine | None
    prediction: Prediction | None

    @property
    def measured_s(self) -> float:
        """Geometric mean of the repeats' seconds, as all tables have it; NaN without a repeat."""
        repeats = self.run.measurement.repeats
        return geometric_mean(repeat.seconds for repeat in repeats) if repeats else math.nan

    @property
    def key(self) -> Key:
        """Which constant holds."""
        known = self.engine is not None and self.engine.peaks is not None
        return device_name(self.run), known, arithmetic_of_run(self.run)


@dataclass(frozen=True)
class Constant:
    """What ideal seconds are divided by: the share of the peaks that is reached, or a rate in FLOP/s."""

    value: float
    unit: str
    origin: str
    own: bool
    """whether it came from the runs that it is applied to"""


def device_name(run: RunRecord) -> str:
    """The GPU's name, or the processor's."""
    return run.environment.gpu.name if run.environment.gpu else run.environment.cpu.model


def estimate(run: RunRecord) -> Estimate:
    """Predict one run, from the lengths and cached tokens of its first repeat."""
    requests, lengths = lengths_of(run, 0), "requests"
    if not requests:
        requests, lengths = mean_lengths(run), "mean"
    engine = engine_of(run)
    return Estimate(run, validity_of(run), requests, lengths, engine, _predict(engine, requests))


def _predict(engine: Engine | None, requests: Sequence[Lengths]) -> Prediction | None:
    if engine is None or not requests:
        return None
    try:
        return predict(engine, requests)
    except ValueError:  # a prompt that the KV cache cannot hold: the run failed, and so does its prediction
        return None


def constants(estimates: Sequence[Estimate]) -> dict[Key, Constant]:
    """The constant of each device and arithmetic: ours where there is one, else the median of valid runs."""
    groups: dict[Key, list[float]] = {}
    for each in estimates:
        reached = groups.setdefault(each.key, [])
        if each.prediction and each.validity.valid:
            reached.append(each.prediction.ideal / each.measured_s)
    found = {key: _constant(key, reached) for key, reached in groups.items()}
    return {key: constant for key, constant in found.items() if constant}


def _constant(key: Key, reached: Sequence[float]) -> Constant | None:
    name, has_peaks, arithmetic = key
    if has_peaks and (known := share_of(name, arithmetic)):
        return Constant(known.value, SHARE, known.source, own=False)
    if not reached:
        return None
    runs = "the one valid run" if len(reached) == 1 else f"the median of {len(reached)} valid runs"
    return Constant(median(reached), SHARE if has_peaks else RATE, f"{runs} of this sweep", own=True)


def cost_frame(estimates: Sequence[Estimate], found: Mapping[Key, Constant]) -> pd.DataFrame:
    """One row a run, in the order given; columns as the module says."""
    rows = [_row(each, found.get(each.key)) for each in estimates]
    return pd.DataFrame(rows).astype(KINDS) if rows else pd.DataFrame()


def _row(each: Estimate, constant: Constant | None) -> Row:
    return {
        **_identity(each),
        **_work(each),
        **_time(each, constant),
        **_use(each),
        **_kv_cache(each.run),
        "constant": constant.value if constant else math.nan,
        "constant_unit": constant.unit if constant else None,
        "constant_origin": constant.origin if constant else None,
    }


def _identity(each: Estimate) -> Row:
    run = each.run.measurement
    codes = [reason.code for reason in each.validity.invalid]
    return {
        "study": run.study,
        "run": run.run,
        "status": run.status,
        "valid": each.validity.valid,
        "invalid": ", ".join(dict.fromkeys(codes)) or None,
        "layout": run.spec.workload.layout,
        "n": run.spec.workload.n,
        "texts": run.texts,
        "duplicates": run.spec.workload.duplicates,
        "model": run.spec.engine.model,
        "device": device_name(each.run),
        "lengths": each.lengths,
        "prompt_tokens": sum(one.prompt_tokens for one in each.requests),
        "cached_tokens": sum(one.cached_tokens for one in each.requests),
        "output_tokens": sum(one.output_tokens for one in each.requests),
    }


def flops_of_parts(each: Estimate) -> "pd.Series[float] | None":
    """FLOP of one pass by phase and part (`roofline.FLOP`); None where the shape is not known."""
    model = architecture_of(each.run)
    return flops_by_part(model, work_of(each.requests)).sum() if model and each.requests else None


def _work(each: Estimate) -> Row:
    flops, prediction = flops_of_parts(each), each.prediction
    moved = prediction.bytes if prediction else None
    return {
        "flop": math.nan if flops is None else flops.sum(),
        **{f"flop_{name}": math.nan if flops is None else flops[name] for name in FLOP},
        "bytes": math.nan if moved is None else moved.sum(),
        **{f"bytes_{name}": math.nan if moved is None else moved[name] for name in BYTES},
    }


def _time(each: Estimate, constant: Constant | None) -> Row:
    prediction, repeats = each.prediction, each.run.measurement.repeats
    divisor = constant.value if constant and prediction else math.nan
    parts = (prediction.prefill, prediction.decode, prediction.mixed) if prediction else (math.nan,) * 3
    predicted_s = sum(parts) / divisor
    return {
        "steps": prediction.steps if prediction else None,
        "steps_measured": repeats[0].steps if repeats else None,
        "measured_s": each.measured_s,
        "predicted_s": predicted_s,
        **dict(
            zip(
                ("predicted_prefill_s", "predicted_decode_s", "predicted_mixed_s"),
                (part / divisor for part in parts),
                strict=True,
            )
        ),
        "measured_over_predicted": each.measured_s / predicted_s,
        "compute_share": prediction.compute_share if prediction else None,
        "limit": prediction.limit if prediction else None,
    }


def _use(each: Estimate) -> Row:
    """How much of the peaks the measured seconds mean."""
    peak, device, flops = peak_flops(each.run), device_of(each.run), flops_of_parts(each)
    moved = each.prediction.bytes.sum() if each.prediction else None
    bandwidth = device.bandwidth * gpus_of(each.run) if device else None
    return {
        "mfu": flops.sum() / each.measured_s / peak if flops is not None and peak else math.nan,
        "bandwidth_use": moved / each.measured_s / bandwidth if moved and bandwidth else math.nan,
    }


def _kv_cache(run: RunRecord) -> Row:
    predicted = kv_tokens_of(run)
    basis = "asked" if kv_size_asked(run) else "estimated"
    return {
        "kv_tokens_predicted": predicted,
        "kv_tokens_reported": run.measurement.engine.resolved.get("kv_cache_tokens"),
        "kv_basis": basis if predicted else None,
    }
