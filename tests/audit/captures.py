"""profiles.csv, profiles_steps.csv and memory.csv, from the captures."""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.audit.work import activations, is_known, kv_tokens, model_of, step_bytes, step_flop

CLASSES = ("GEMM", "attention", "activation", "norm", "rotary", "sampling", "copy", "other")
RULES = Path(__file__).parents[2] / "batchscope" / "profiling" / "kernel_classes.yaml"
"""Data, no code: which names belong to which class (docs/profiles.md)."""

Row = dict[str, Any]
Rows = dict[tuple[Any, ...], Row]


def rules() -> list[tuple[str, str]]:
    """Class and pattern, in their order."""
    text = re.sub(r"(?m)\s+#.*$|^#.*$", "", RULES.read_text(encoding="utf-8"))
    found = []
    for kernel_class, names in re.findall(
        r"- class: (\w+)\s+names: \[(.*?)\]\s*(?=- class|\Z)", text, re.DOTALL
    ):
        patterns = re.findall(r"'([^']*)'|([^,\s][^,]*)", names)
        found += [(kernel_class, (quoted or bare).strip()) for quoted, bare in patterns]
    return found


def capture_rows(folder: Path) -> dict[str, Rows]:
    """Rows of each table that is made of captures, by the file's name; empty without captures."""
    found: dict[str, Rows] = {}
    for path in sorted((folder / "profiles").glob("*/*/*/window.json")):
        classes, steps = capture(path.parent)
        found.setdefault("profiles.csv", {}).update(classes)
        found.setdefault("profiles_steps.csv", {}).update(steps)
    for path in sorted((folder / "profiles").glob("*/*/memory/memory.json")):
        found.setdefault("memory.csv", {}).update(memory_rows(path))
    return found


KEYS = {
    "profiles.csv": ("study", "run", "profiler", "class"),
    "profiles_steps.csv": ("study", "run", "profiler", "step"),
    "memory.csv": ("study", "run", "line"),
}


def capture(folder: Path) -> tuple[Rows, Rows]:
    """Rows by class, and by step."""
    window = json.loads((folder / "window.json").read_text(encoding="utf-8"))
    events, steps = (pd.read_parquet(folder / f"{name}.parquet") for name in ("events", "steps"))
    events = events[events["kind"].isin(["kernel", "copy"])]
    kinds = np.array(classes_of(events))
    spans = np.stack([events["start_s"], events["start_s"] + events["duration_s"]], axis=1)
    key = (window["study"], window["run"], window["profiler"])
    steps = steps.assign(until=steps["start_s"].shift(-1)).iloc[1:-1]
    rows: Rows = {}
    for step in steps.to_dict("records"):
        own = min(step["start_s"] + step["duration_s"], step["until"])
        row = seconds_of(spans, kinds, step["start_s"], step["until"])
        inside = seconds_of(spans, kinds, step["start_s"], own)["idle"]
        tokens = {name: step[name] for name in ("prefill_tokens", "decode_tokens")}
        rows[*key, step["step"]] = tokens | row | {"idle_inside": inside, "idle_behind": row["idle"] - inside}
    total = pd.DataFrame(rows.values())
    about = {
        "steps": len(steps),
        "prefill_tokens": int(steps["prefill_tokens"].sum()),
        "decode_tokens": int(steps["decode_tokens"].sum()),
        "overhead": window["seconds_with"] / np.mean(window["seconds_without"]) - 1,
    }
    work = work_of(window, steps)
    tokens = about["prefill_tokens"] + about["decode_tokens"]
    found: Rows = {}
    for name in (*CLASSES, "idle"):
        seconds = float(total[name].sum())
        flop, moved = work.get(name, (math.nan, math.nan))
        found[*key, name] = about | {
            "seconds": seconds,
            "share": seconds / float(total[[*CLASSES, "idle"]].sum().sum()),
            "us_per_token": 1e6 * seconds / tokens,
            "flops_per_s": flop / seconds if seconds else math.nan,
            "bytes_per_s": moved / seconds if seconds else math.nan,
        }
    return found, rows


def classes_of(events: pd.DataFrame) -> list[str]:
    patterns = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in rules()]
    known = {
        name: next((kernel_class for kernel_class, pattern in patterns if pattern.search(name)), "other")
        for name in events["name"].unique()
    }
    pairs = zip(events["kind"], events["name"], strict=True)
    return ["copy" if kind == "copy" else known[name] for kind, name in pairs]


def seconds_of(spans: np.ndarray, kinds: np.ndarray, start: float, end: float) -> dict[str, float]:
    """Seconds of each class: where several have work, the first of `CLASSES` has the moment."""
    near = (spans[:, 1] > start) & (spans[:, 0] < end)
    spans, kinds = spans[near].clip(start, end), kinds[near]
    before, found = 0.0, {}
    for place, name in enumerate(CLASSES):
        covered = busy(spans[np.isin(kinds, CLASSES[: place + 1])])
        found[name], before = covered - before, covered
    return found | {"idle": end - start - before}


def busy(spans: np.ndarray) -> float:
    """Seconds in which at least one of these goes on."""
    if not len(spans):
        return 0.0
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    before = np.concatenate([[-math.inf], np.maximum.accumulate(spans[:, 1])[:-1]])
    return float(np.maximum(spans[:, 1] - np.maximum(spans[:, 0], before), 0).sum())


def work_of(window: Row, steps: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """FLOP and bytes of the window's steps, as they were simulated when they were captured."""
    model = model_of(window["architecture"])
    work = pd.DataFrame(window["work"]).loc[steps.index].rename(columns={"prefill_context": "context"})
    flop, moved = step_flop(model, work).sum(), step_bytes(model, work).sum()
    if not is_known(window["resolved"]):
        moved *= math.nan
    return {
        "GEMM": (flop["GEMM"], moved["weights"]),
        "attention": (flop["attention"], moved["kv_read"] + moved["kv_written"]),
    }


def memory_rows(path: Path) -> Rows:
    """Each line measured, and predicted where the cost model has one."""
    memory = json.loads(path.read_text(encoding="utf-8"))
    environment = json.loads(path.with_name("environment.json").read_text(encoding="utf-8"))
    figures, resolved = memory["figures"], memory["resolved"]
    model = model_of(memory["architecture"])
    graphs = figures["graph_pools"] + figures["graph_driver"]
    measured = {
        "weights": figures["weights"],
        "activations": figures["peak"] - figures["resting"],
        "KV cache": figures["kv_cache"],
        "CUDA graphs": graphs,
    }
    measured["other"] = figures["used"] - sum(measured.values())
    tokens = kv_tokens(model, resolved, environment["gpu"]["memory_bytes"])
    predicted = {
        "weights": model.bytes_in_memory,
        "activations": activations(model, resolved),
        "KV cache": tokens * model.kv_bytes,
    }
    key = (memory["study"], memory["run"])
    return {
        (*key, line): {"measured_bytes": value, "predicted_bytes": predicted.get(line)}
        for line, value in measured.items()
    }
