"""A run's row over its engine starts (docs/files.md, statistics.md)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.audit.checked import Unknown
from tests.audit.intervals import student
from tests.audit.raw import Run

Row = dict[str, Any]
LEANS = Unknown("fewer than three starts on one GPU: the interval leans on the documented spread")
GPUS = Unknown("starts on several GPUs")
MEANS = ("at_power_limit", "at_fixed_clocks", "utilization")
OF_LABELS = (
    "accuracy",
    "majority_share",
    "macro_f1",
    "agreement",
    "kappa",
    "calibration",
    "label_",
    "correct_text",
)
ENDS = ("_low", "_high")


def over_starts(
    runs: Sequence[Run], rows: Sequence[Row], repeats: Sequence[Sequence[Row]], metrics: Sequence[str]
) -> Row:
    """One row of several; all starts are taken to count.

    Args:
        runs: the starts.
        rows: of each start alone.
        repeats: rows of repeats of each start.
        metrics: names of columns with an interval.
    """
    if len(rows) == 1:
        return rows[0]
    row = dict(rows[0]) | {"starts": len(rows)}
    row["repeats"] = min(each["repeats"] for each in rows)
    row["half_width"] = max((each["half_width"] for each in rows if each["half_width"]), default=math.nan)
    row["noise"] = pooled([[repeat["seconds"] for repeat in each] for each in repeats])
    row["trend"] = any(each["trend"] for each in rows)
    row["unsteady"] = len(rows) < 3 and any(each["unsteady"] for each in rows)
    row |= {name: math.fsum(each[name] for each in rows) for name in ("timed_s", "job_s")}
    row |= {name: float(np.mean([each[name] for each in rows])) for name in MEANS if name in row}
    gpus = [" ".join(run.environment["gpu"].get("ids") or ()) for run in runs]
    for name in metrics:
        if not any(part in name for part in OF_LABELS):
            row |= of_metric(name, [each[name] for each in rows], gpus)
    return row


def of_metric(name: str, means: Sequence[Any], gpus: Sequence[str]) -> Mapping[str, Any]:
    if unknown := next((each for each in means if isinstance(each, Unknown)), None):
        return {f"{name}{end}": unknown for end in ("", *ENDS)}
    if any(math.isnan(each) for each in means):
        return dict.fromkeys([f"{name}{end}" for end in ("", *ENDS)], math.nan)
    logs = np.log(means)
    middle = float(np.mean([logs[[gpu == each for each in gpus]].mean() for gpu in sorted(set(gpus))]))
    found: Row = {name: math.exp(middle)}
    if len(set(gpus)) > 1 or len(logs) < 3:
        return found | {f"{name}{end}": GPUS if len(set(gpus)) > 1 else LEANS for end in ENDS}
    half = student(len(logs) - 1) * float(logs.std(ddof=1)) / math.sqrt(len(logs))
    return found | {f"{name}_low": math.exp(middle - half), f"{name}_high": math.exp(middle + half)}


def pooled(seconds: Sequence[Sequence[float]]) -> float:
    """Standard deviation of ln(seconds) inside of a start."""
    logs = [np.log(each) for each in seconds]
    squares = sum(float(((each - each.mean()) ** 2).sum()) for each in logs)
    return math.sqrt(squares / sum(len(each) - 1 for each in logs))
