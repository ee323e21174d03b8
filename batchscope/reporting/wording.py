"""Runs and their settings in words."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from batchscope.results.faults import NOT_ACCEPTED
from batchscope.results.frames import SELDOM_SET, cell_value

FAILURES = {
    "oom": "out of memory",
    "died": "engine died",
    "timeout": "timed out",
    "unfit": "does not fit",
    "refused": NOT_ACCEPTED,
    "broke": "engine did not start",
    "damaged": "files are damaged",
}
"""Statuses of runs that did not end, in words."""


FOLLOWS_GPUS = "engine.compilation_config.pass_config.fuse_allreduce_rms"
"""Set by `batchscope.config.engine` where a model is spread over several GPUs."""

SETTINGS = (
    "layout",
    "n",
    "texts",
    "duplicates",
    "reuse",
    "instruction",
    "answer",
    "numbered",
    "confidence",
    "output_tokens_per_text",
    "model",
    "load_format",
)


def varying(runs: pd.DataFrame) -> list[str]:
    """Settings that tell the runs of a study apart, layout always among them; n where nothing else does.

    In ``packing`` the number of texts follows n (each run has n texts), so it tells nothing apart, nor
    does the prefix cache, which follows ``reuse``, nor a switch that follows the number of GPUs.
    """
    asked = [name for name in runs.columns if name.startswith("engine.")]
    seldom = [name for name in SELDOM_SET if name in runs.columns]
    differ = [name for name in (*SETTINGS, *seldom, *asked) if runs[name].nunique(dropna=False) > 1]
    follows = {"layout"}
    if (runs["texts"] == runs["n"]).all():
        follows.add("texts")
    if "reuse" in differ:
        follows.add("engine.enable_prefix_caching")
    if "engine.tensor_parallel_size" in differ:
        follows.add(FOLLOWS_GPUS)
    others = [name for name in differ if name not in follows]
    return ["layout", *(others or ["n"])]


def run_in_words(run: "pd.Series[Any]", settings: Sequence[str]) -> str:
    """A run in words: ``packed prompts (n=4, max_num_batched_tokens=default)``."""
    parts = [f"{name.rpartition('.')[2]}={show_setting(run[name])}" for name in settings if name != "layout"]
    return f"{run['layout']} prompts ({', '.join(parts)})"


def show_setting(value: object) -> str:
    """A setting's value; what was left to vLLM is its default."""
    value = cell_value(value)
    if value is None:
        return "default"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, int) and value >= 1_000 else str(value)


def fault(run: "pd.Series[Any]") -> str:
    """Why a run does not count, in few words; empty for a valid run."""
    if run["valid"]:
        return ""
    if run["status"] == "refused" and (why := cell_value(run.get("reason"))):
        return str(why)
    return FAILURES.get(run["status"]) or f"invalid: {run['invalid']}"
