"""Verdicts of tables with a known answer: rows of a committed reference, with values planted in them."""

import json
import math
from typing import Any

import numpy as np
import pandas as pd
from support.project import ROOT

from batchscope.config.configuration import Config, load_config
from batchscope.config.reading.older_names import configuration_today
from batchscope.verdict.evidence import Evidence, read_load_points

REFERENCES = ROOT / "docs" / "reference"
TEXTS = 2_000
QUIET = 0.003
"""Standard deviation of ln(seconds) of repeats."""

T = 4.303  # Student's t for 3 repeats


def config(reference: str = "smollm2-h200", **verdict: Any) -> Config:
    """The configuration of a reference; ``verdict``: its block of that name."""
    values = configuration_today(json.loads((REFERENCES / reference / "config.json").read_text()))
    values["workload"]["confidence"] = False
    return load_config({**values, "verdict": verdict})


def setting(run: str, speed: float, **columns: Any) -> dict[str, Any]:
    """A row of label_answers in smollm2-h200, with another speed and other columns."""
    table = pd.read_csv(REFERENCES / "smollm2-h200" / "tables" / "runs.csv")
    row = table[(table["study"] == "label_answers") & (table["run"] == run)].iloc[0].to_dict()
    half = T * QUIET / math.sqrt(3)
    planted = {
        "texts_per_s": speed, "texts_per_s_low": speed * math.exp(-half), "texts_per_s_high": speed * math.exp(half),
        "noise": QUIET, "repeats": 3, "ending": "fixed", "unsteady": False, "utilization": 0.99, "label_coverage": 1.0,
        "confidence": False, "answer": "free", "at_power_limit": 0.0, "each_start": None, "engine.kv_cache_dtype": None,
    }  # fmt: skip
    return row | planted | columns


def labels(
    accuracy: float = 0.9,
    n: int = 1,
    texts: int = TEXTS,
    positive: float = 0.5,
    gold: bool = True,
    seed: int = 2,
) -> pd.DataFrame:
    """One pass: gold labels of one kind and another, answers that are right so often; n texts to a prompt."""
    random = np.random.default_rng(1)
    right = np.where(random.random(texts) < positive, "positive", "negative")
    other = np.where(right == "positive", "negative", "positive")
    said = np.where(np.random.default_rng(seed).random(texts) < accuracy, right, other)
    place = np.arange(texts)
    return pd.DataFrame({
        "repeat": 0, "duplicate": 0, "position": place % n, "prompt": place // n, "text_id": place, "label": said,
        "gold": pd.Series(right if gold else [None] * texts, dtype=object),
    })  # fmt: skip


def evidence(
    settings: list[dict[str, Any]],
    found: dict[str, pd.DataFrame] | None = None,
    serving: dict[str, pd.DataFrame] | None = None,
    of: Config | None = None,
) -> Evidence:
    """All that a verdict is made from; each run has the same right labels, unless ``found`` has others for it."""
    runs = pd.DataFrame(settings)
    mine = {
        (row["study"], row["run"]): (found or {}).get(row["run"], labels(n=int(row["n"]))) for row in settings
    }
    return Evidence(of or config(), runs, mine, pd.DataFrame(), serving or {})


def load_points(study: str = "open_loop") -> pd.DataFrame:
    """Load points of h100's reference."""
    return read_load_points(REFERENCES / "h100" / "tables" / f"serving_{study}.csv")
