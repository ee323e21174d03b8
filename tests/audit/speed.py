"""runs.csv, repeats.csv and the tables of studies, from measurement.json and what lies beside it."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.audit.checked import Unknown
from tests.audit.intervals import geometric, trends, two_groups
from tests.audit.quality import repeat_figures
from tests.audit.raw import BIG, Run, flat
from tests.audit.work import device_of, flop_of, model_of

POWER_CAP, FIXED_CLOCKS = 0x4, 0x2
COUNTS = ("requests", "prompt_tokens", "output_tokens", "cached_tokens")
Row = dict[str, Any]


def ending_of(run: Run) -> str:
    stopped = run.measurement.get("stopped") or {}
    if stopped.get("reason") in ("cap", "budget"):
        return "last"
    if stopped.get("reason") != "precision":
        return "fixed"
    return "first" if len(run.repeats) <= run.measurement["spec"]["measure"].get("repeats", 3) else "between"


def flop_of_run(run: Run) -> float | Unknown:
    lengths = run.lengths()
    if lengths is None:
        return Unknown(BIG)
    return sum(flop_of(model_of(run.measurement["architecture"]), lengths).values())


def repeat_rows(
    run: Run, labels: pd.DataFrame | None, reference: pd.DataFrame | None, precise: pd.DataFrame | None
) -> list[Row]:
    """A row a repeat: what was counted, and the metrics of docs/metrics.md.

    Args:
        run: the run.
        labels: its rows.
        reference: those of its reference run.
        precise: those of the run of the same prompts on the most precise engine.
    """
    flop = flop_of_run(run) if run.repeats else math.nan
    rows = []
    for number, repeat in enumerate(run.repeats):
        seconds, energy = repeat["seconds"], repeat.get("energy_j")
        energy = math.nan if energy is None else energy
        row = {"start": run.start} | {
            name: repeat.get(name) for name in ("started_at", "seconds", "steps", *COUNTS)
        }
        row |= {
            "energy_j": energy,
            "request_throughput": repeat["requests"] / seconds,
            "total_token_throughput": (repeat["prompt_tokens"] + repeat["output_tokens"]) / seconds,
            "output_throughput": repeat["output_tokens"] / seconds,
            "texts_per_s": run.labels / seconds,
            "duration_s": seconds,
            "joules_per_text": energy / run.labels,
            "mfu": flop
            if isinstance(flop, Unknown)
            else flop / seconds / device_of(run.gpu, run.resolved, run.args).mfu_peak,
        }
        found = repeat_figures(labels, reference, number)
        row |= found
        row["label_flips"] = 1 - repeat_figures(labels, precise, number)["agreement"]
        row["correct_texts_per_s"] = found["accuracy"] * run.labels / seconds
        right = found["accuracy"] * run.labels
        row["joules_per_correct_text"] = energy / right if right > 0 else math.nan
        rows.append(row)
    return rows


METRICS = (
    "request_throughput",
    "total_token_throughput",
    "output_throughput",
    "texts_per_s",
    "duration_s",
    "joules_per_text",
    "accuracy",
    "balanced_accuracy",
    "majority_share",
    "macro_f1",
    "agreement",
    "kappa",
    "label_flips",
    "expected_calibration_error",
    "label_coverage",
    "correct_texts_per_s",
    "joules_per_correct_text",
    "mfu",
)


def run_row(run: Run, repeats: Sequence[Row], *, middle: str = "mean") -> Row:
    """A row of runs.csv.

    Args:
        run: the run.
        repeats: its rows of repeats.csv.
        middle: ``median`` for tables from before geometric means stood in them.
    """
    row = settings(run) | state(run)
    ending = ending_of(run)
    for name in METRICS:
        values = [repeat[name] for repeat in repeats]
        if unknown := next((each for each in values if isinstance(each, Unknown)), None):
            found: tuple[Any, ...] = (unknown, unknown, unknown)
        else:
            found = geometric(values, ending) if values else (math.nan,) * 3
            if middle == "median" and values and not any(map(math.isnan, values)):
                found = (float(np.median(values)), *found[1:])
        row |= {f"{name}{end}": value for end, value in zip(("", "_low", "_high"), found, strict=True)}
    return row


def settings(run: Run) -> Row:
    """What was asked for, and what was in force."""
    spec, prompts = run.measurement["spec"], run.measurement["prompts"]
    first = run.repeats[0] if run.repeats else before_measuring(run)
    gpu = run.environment["gpu"] or {}
    row: Row = {
        "n": run.workload["n"],
        "duplicates": prompts["duplicates"],
        "texts": prompts["labels"] // prompts["duplicates"],
        "output_tokens_per_text": run.workload.get("output_tokens_per_text"),
        **{name: first[name] for name in COUNTS},
        "expected_cached_tokens": run.measurement.get("expected_cached_tokens") if run.repeats else None,
        "longest_prompt_tokens": prompts["longest_prompt"]["tokens"],
        "repeats": len(run.repeats),
        "starts": 1 if run.repeats else 0,
        "half_width": (run.measurement.get("stopped") or {}).get("half_width"),
        "engine_start_s": run.measurement.get("engine", {}).get("start_s"),
        "sparse_layers": run.measurement.get("engine", {}).get("sparse_layers", {}).get("with_2_4_kernels"),
        "gpu_memory_bytes": gpu.get("memory_bytes"),
        "power_limit_w": gpu.get("power_limit_w"),
        "power_limit_default_w": gpu.get("power_limit_default_w"),
        "cores": run.environment["cpu"]["cores"],
    }
    row |= dict(flat("engine", spec["engine"]["args"])) | dict(flat("measure", spec["measure"]))
    return row | dict(flat("resolved", run.resolved))


def before_measuring(run: Run) -> Row:
    """Counts of a pass that was never made: of its prompts, and nothing that a cache served."""
    prompts = run.measurement["prompts"]
    asked = prompts["labels"] * (run.workload.get("output_tokens_per_text") or 1)
    told = {"requests": prompts["prompts"], "prompt_tokens": prompts["prompt_tokens"], "output_tokens": asked}
    return {**told, "cached_tokens": None}


def state(run: Run) -> Row:
    """How the repeats went, and the GPU while the clock ran."""
    seconds = [repeat["seconds"] for repeat in run.repeats]
    row: Row = {
        "noise": float(np.std(np.log(seconds), ddof=1)) if len(seconds) > 1 else math.nan,
        "trend": trends(seconds),
        "unsteady": two_groups(seconds),
        "timed_s": math.fsum(seconds),
        "job_s": (run.measurement.get("sweep") or {}).get("seconds"),
    }
    hardware = run.table("hardware")
    return row | (hardware_row(hardware) if hardware is not None else {})


def hardware_row(hardware: pd.DataFrame) -> Row:
    masks = hardware["clock_event_reasons"].dropna().astype(int)
    return {
        "at_power_limit": float(((masks & POWER_CAP) > 0).mean()),
        "at_fixed_clocks": float(((masks & FIXED_CLOCKS) > 0).mean()),
        "utilization": float(hardware["utilization"].mean()),
    }


@lru_cache
def published_runs(path: Path) -> pd.DataFrame:
    return pd.read_csv(path)


def published_row(run: Run, row: Row, path: Path) -> Row:
    """The published run of the same study, model, layout and size, and ours over it."""
    rows, work, args = published_runs(path), run.workload, run.measurement["spec"]["engine"]["args"]
    batched = rows["max_num_batched_tokens"]
    asked = (rows["study"], rows["layout"], rows["n"], rows["duplicates"], rows["reuse"])
    ours = (run.key[0], work["layout"], work["n"], row["duplicates"], work.get("reuse") or reuse_of(run))
    alike = np.logical_and.reduce([column == mine for column, mine in zip(asked, ours, strict=True)])
    alike &= batched.isna() | (batched == (args.get("max_num_batched_tokens") or -1))
    usual = work.get("instruction", "last") == "last" and work.get("answer", "free") == "free"
    model = run.measurement["spec"]["model"]
    names = {Path(str(name)).name.lower() for name in (model.get("id"), model.get("path")) if name}
    alike &= rows["model"].map(lambda name: name.rpartition("/")[2].lower() in names)
    if not usual or not alike.any():
        return dict.fromkeys(("published.texts", *PUBLISHED), math.nan)
    them = rows[alike].iloc[(np.log(rows[alike]["reviews"] / row["texts"]).abs()).argmin()]
    size, length = row["texts"] / them["reviews"], row["prompt_tokens"] / them["prompt_tokens"]
    if not (0.1 <= size <= 10 and 1 / 1.1 <= length / size <= 1.1):
        return dict.fromkeys(("published.texts", *PUBLISHED), math.nan)
    seconds = (them["prompt_tokens"] + them["output_tokens"]) / them["total_tokens_per_s"]
    found = {
        "published.request_throughput": them["requests_per_s"],
        "published.total_token_throughput": them["total_tokens_per_s"],
        "published.output_throughput": them["output_tokens_per_s"],
        "published.texts_per_s": them["reviews"] * them["duplicates"] / seconds,
        "published.texts": them["reviews"],
    }
    for name in ("total_token_throughput", "texts_per_s"):
        found[f"reproduced.{name}"] = row[name] / found[f"published.{name}"]
    return {key: float(value) for key, value in found.items()}


PUBLISHED = (
    "published.request_throughput",
    "published.total_token_throughput",
    "published.output_throughput",
    "published.texts_per_s",
    "reproduced.total_token_throughput",
    "reproduced.texts_per_s",
)


def reuse_of(run: Run) -> str:
    """What older files say otherwise: whether a mark kept the instruction from being shared."""
    if run.measurement["prompts"]["duplicates"] == 1:
        return "none"
    return "text" if run.measurement["prompts"].get("marked") else "full"


def with_older_names(row: Mapping[str, Any]) -> Row:
    """A row as tables from before 2026-11-27 name it: texts were reviews."""
    return {
        key.replace("texts", "reviews").replace("per_text", "per_review"): value for key, value in row.items()
    }
