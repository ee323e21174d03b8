"""The cost page: what each run computes and moves, what that should take, and what it took."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from batchscope.cost.break_even import BreakEven
from batchscope.cost.gpu_peaks import SIXTEEN_BITS
from batchscope.reporting.numbers import one_decimal, show_count, show_ratio, three_digits
from batchscope.reporting.page import MEASURED, Page, Row, Struck, Table
from batchscope.reporting.provenance import environments, models
from batchscope.reporting.wording import fault
from batchscope.reports.cost.curves import MARGIN, Curves
from batchscope.reports.cost.figure import BAND
from batchscope.reports.cost.frame import RATE, Constant, Key
from batchscope.results.frames import cell_value

TITLE = "cost"
QUESTION = "What must each run compute and move, how long should that take, and which resource limits it?"

WORK, PREDICTED, KV_CACHE = "work", "predicted", "KV cache"
GIGA = 1e9


def cost_page(
    frame: pd.DataFrame, runs: pd.DataFrame, found: Mapping[Key, Constant], curves: Curves | None
) -> Page:
    """The page of a sweep.

    Args:
        frame: the cost frame.
        runs: the runs frame, for environments and models.
        found: the constant of each device and arithmetic.
        curves: predictions over n, where there are any.
    """
    if frame.empty:
        return Page(TITLE, QUESTION, ["No answer: there is no run."], [], Table([], []), [])
    return Page(
        title=TITLE,
        question=QUESTION,
        findings=[*_break_even(curves), *_limiting_resources(frame), *_deviations(frame, found)],
        context=[*_environments(runs), *models(runs), *describe_constants(found)],
        table=_table(frame),
        notes=_notes(frame, curves),
    )


def _environments(runs: pd.DataFrame) -> list[str]:
    """Where runs were measured; each is compared with its own prediction, so these may differ."""
    return [line for _, group in runs.groupby("fingerprint", sort=False) for line in environments(group)]


def describe_constants(found: Mapping[Key, Constant]) -> list[str]:
    """Each device's constants, and where they came from; the arithmetic where it is not the usual one."""
    devices = Counter(name for name, _, _ in found)
    return [
        _describe(name if arithmetic in USUAL and devices[name] == 1 else f"{name}, {arithmetic}", constant)
        for (name, _, arithmetic), constant in found.items()
    ]


USUAL = (SIXTEEN_BITS, "float32")
"""Arithmetic that nobody has to be told of, where a device has no other."""


def _describe(name: str, constant: Constant) -> str:
    if constant.unit == RATE:
        return (
            f"{name}: its peaks are not known, so time is FLOP at one rate of "
            f"{constant.value / GIGA:,.3g} GFLOP/s ({constant.origin})."
        )
    return f"{name} reaches {100 * constant.value:.1f} % of its peaks ({constant.origin})."


def run_names(rows: pd.DataFrame, limit: int = 6) -> str:
    """Runs by study and name, the first few."""
    names = [f"{study}/{run}" for study, run in zip(rows["study"], rows["run"], strict=True)]
    if len(names) > limit:
        names = [*names[:limit], f"{len(names) - limit} more"]
    return ", ".join(names)


def _limiting_resources(frame: pd.DataFrame) -> list[str]:
    """Which resource limits which runs, by share of the predicted time."""
    known = frame[frame["compute_share"].notna()]
    if known.empty:
        return [
            "Which resource limits the runs is not known: the model's shape or the device's peaks are not."
        ]
    by_memory = known[known["limit"] == "memory bandwidth"]
    mixed = known[(known["limit"] == "compute") & (known["compute_share"] < 1 - BAND)]
    lines = [
        f"Computing limits all {len(known)} runs for most of their predicted time."
        if by_memory.empty
        else f"Computing limits {len(known) - len(by_memory)} of {len(known)} runs; "
        f"memory bandwidth limits {run_names(by_memory)}."
    ]
    if len(mixed):
        low, high = 100 * (1 - mixed["compute_share"].max()), 100 * (1 - mixed["compute_share"].min())
        lines.append(
            f"In {run_names(mixed)} memory bandwidth limits {_range(low, high)} % of the predicted time."
        )
    return lines


def _range(low: float, high: float) -> str:
    first, last = f"{low:.0f}", f"{high:.0f}"
    return first if first == last else f"{first} to {last}"


def _break_even(curves: Curves | None) -> list[str]:
    """Up to which n packing pays; and where prompts were reused, up to which it does then."""
    if curves is None:
        return []
    lengths = curves.lengths
    basis = f"mean text of {lengths.text_tokens:.0f} tokens, instruction {lengths.instruction_tokens:.0f}"
    if curves.engine.peaks is None:
        basis += ", by FLOP alone"
    lines = [f"Break-even, the engine kept busy: {_up_to(curves.break_even)} ({basis}, no reuse)."]
    if curves.reuse:
        load = curves.reuse.load
        lines.append(
            f"With reuse ({load.texts:,} texts, each sent {load.duplicates:,} times, duplicates from the "
            f"prefix cache): {_up_to(curves.reuse.break_even)}."
        )
    return lines


def _up_to(found: BreakEven) -> str:
    if found.n == 1:
        return "separate prompts are predicted to be ahead at every n"
    line = "packed prompts are predicted to label as many texts per second as separate ones"
    if found.n == found.searched:
        return f"{line} up to n = {found.n} at least"
    line = f"{line} up to n = {found.n}"
    if found.surely >= found.perhaps:
        return line
    return f"{line}, and to be within {100 * MARGIN:.0f} % of them from n = {found.surely} to {found.perhaps}"


def _deviations(frame: pd.DataFrame, found: Mapping[Key, Constant]) -> list[str]:
    """How far measured seconds are from predicted ones, and the worst of them."""
    rows = frame[frame["valid"] & frame["measured_over_predicted"].notna()]
    if rows.empty:
        return ["No run has both measured and predicted seconds."]
    ratios = rows["measured_over_predicted"].astype(float)
    worst = rows.iloc[int(ratios.map(lambda ratio: abs(math.log(ratio))).argmax())]
    within = int(((ratios - 1).abs() <= BAND).sum())
    own = any(constant.own for constant in found.values())
    line = (
        f"{within} of {len(rows)} valid runs took within {100 * BAND:.0f} % of the predicted seconds; the "
        f"worst is {worst['study']}/{worst['run']}, {show_ratio(worst['measured_over_predicted'])} of them."
    )
    return [f"{line} The constant came from these very runs." if own else line]


def _table(frame: pd.DataFrame) -> Table:
    """One row a run: the work, the prediction, and what was measured."""
    return Table.of_rows([_cells(run) for _, run in frame.iterrows()])


def _cells(run: "pd.Series[Any]") -> Row:
    mark: Callable[[str], str] = str if run["valid"] else Struck
    attention = run["flop_prefill_attention"] + run["flop_decode_attention"]
    return {
        ("", "layout"): run["layout"],
        ("", "n"): f"{run['n']:,}",
        ("", "study"): run["study"],
        ("", "run"): run["run"],
        ("", "status"): fault(run),
        (WORK, "GFLOP / text"): three_digits(run["flop"] / run["texts"] / GIGA),
        (WORK, "attention's share (%)"): one_decimal(100 * attention / run["flop"]),
        (WORK, "decode's share (%)"): one_decimal(100 * _decode(run) / run["flop"]),
        (WORK, "steps"): show_count(run["steps"]),
        (WORK, "weights read (GB)"): three_digits(run["bytes_weights"] / GIGA),
        (WORK, "KV read (GB)"): three_digits(run["bytes_kv_read"] / GIGA),
        (WORK, "KV written (GB)"): three_digits(run["bytes_kv_written"] / GIGA),
        (PREDICTED, "limited by"): cell_value(run["limit"]) or "",
        (PREDICTED, "time limited by compute (%)"): one_decimal(100 * run["compute_share"]),
        (PREDICTED, "prefill alone (s)"): three_digits(run["predicted_prefill_s"]),
        (PREDICTED, "decode alone (s)"): three_digits(run["predicted_decode_s"]),
        (PREDICTED, "mixed (s)"): three_digits(run["predicted_mixed_s"]),
        (PREDICTED, "predicted (s)"): three_digits(run["predicted_s"]),
        (MEASURED, "measured (s)"): mark(three_digits(run["measured_s"])),
        (MEASURED, "measured / predicted"): mark(_ratio(run["measured_over_predicted"])),
        (MEASURED, "MFU (%)"): mark(one_decimal(100 * run["mfu"])),
        (MEASURED, "bandwidth use (%)"): mark(one_decimal(100 * run["bandwidth_use"])),
        (KV_CACHE, "KV cache, predicted (tokens)"): show_count(run["kv_tokens_predicted"]),
        (KV_CACHE, "KV cache, reported (tokens)"): show_count(run["kv_tokens_reported"]),
    }


def _decode(run: "pd.Series[Any]") -> float:
    return float(sum(run[f"flop_decode_{part}"] for part in ("linear", "attention", "head")))


def _ratio(value: float) -> str:
    return "" if pd.isna(value) else show_ratio(value)


def _notes(frame: pd.DataFrame, curves: Curves | None) -> list[str]:
    lines = ["Seconds: geometric means of the repeats. MFU and bandwidth use follow from measured seconds."]
    if (frame["predicted_mixed_s"] > 0).any():
        lines.append(
            "Mixed: steps that compute prompts and answers together; they are in neither other column."
        )
    if len(mean := frame[(frame["lengths"] == "mean") & frame["flop"].notna()]):
        lines.append(
            f"From mean lengths, for there is no table of requests: {run_names(mean)}. Attention is then "
            "counted a little low."
        )
    if (frame["kv_basis"] == "estimated").any():
        lines.append(
            "KV cache, predicted: gpu_memory_utilization x memory - weights - activations - rest. Weights "
            "follow from the model's shape; activations and rest are estimated (docs/cost_model.md)."
        )
    if (frame["kv_basis"] == "asked").any():
        lines.append("KV cache, predicted: kv_cache_memory_bytes, in whole blocks.")
    if (frame["cached_tokens"] > 0).any():
        lines.append(
            "With reuse, expect larger deviations: contexts that answers share are counted as read by each, "
            "and what the processor does for each request is not counted."
        )
    lines += describe_shown_configuration(curves)
    if curves is None:
        lines.append("No curves over n: that needs runs of a known model that differ in texts per prompt.")
    lines += [
        f"Not counted, and no part of a constant: {run['study']}/{run['run']}, {fault(run)}."
        for _, run in frame[~frame["valid"]].iterrows()
    ]
    if len(unknown := frame[frame["predicted_s"].isna()]):
        lines.append(
            "Not predicted, for model, precision, limits or the device's constant are not known: "
            f"{run_names(unknown)}."
        )
    return lines


def describe_shown_configuration(curves: Curves | None) -> list[str]:
    """Which engine configuration the figure's curves are of, where there are several."""
    if curves is None or not curves.others:
        return []
    others = "1 run of another is" if curves.others == 1 else f"{curves.others} runs of others are"
    return [
        f"Curves are of the engine configuration with most runs ({_configuration(curves)}); "
        f"{others} in the figure's lowest panel alone."
    ]


def _configuration(curves: Curves) -> str:
    run = curves.estimates[0].run.measurement
    limits = curves.engine.limits
    return (
        f"{run.spec.engine.model}, max_num_batched_tokens {limits.batched_tokens:,}, "
        f"max_num_seqs {limits.seqs:,}"
    )
