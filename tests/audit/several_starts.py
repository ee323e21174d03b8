"""A run's row over its engine starts (docs/files.md, statistics.md and its appendix)."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.audit.checked import Checked, Unknown, missing
from tests.audit.intervals import LEVELS, student
from tests.audit.raw import Run
from tests.audit.speed import ending_of

Row = dict[str, Any]
Spread = tuple[float, float]
STARTS: Mapping[str, Spread] = {"busy": (0.0039, 5), "waits": (0.0935, 3.6), "cpu": (0.085, 12)}
GPUS: Spread = (0.0088, 5)
"""The documented spreads: standard deviation of ln(rate), and its degrees of freedom."""

BUSY, ENOUGH = 0.8, 3
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
SPEED = "texts_per_s"


@dataclass(frozen=True)
class Part:
    """A variance, and how many degrees of freedom it is known with."""

    variance: float
    freedom: float


@dataclass(frozen=True)
class Start:
    """One metric's repeats in one engine start."""

    gpu: str
    values: Sequence[float]
    ending: str = "fixed"

    @property
    def mean(self) -> float:
        return float(np.mean(np.log(self.values)))

    @property
    def own_variance(self) -> float:
        """Of that mean, larger where a rule ended the repeats."""
        count = len(self.values)
        wider = student(count - 1, LEVELS[self.ending]) / student(count - 1)
        return float(wider**2 * np.var(np.log(self.values), ddof=1) / count)


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
    row["unsteady"] = len(rows) < ENOUGH and any(each["unsteady"] for each in rows)
    row |= {name: math.fsum(each[name] for each in rows) for name in ("timed_s", "job_s")}
    row |= {name: float(np.mean([each[name] for each in rows])) for name in MEANS if name in row}
    spread = spread_of(runs[0], rows)
    for name in metrics:
        if not any(part in name for part in OF_LABELS):
            row |= of_metric(name, starts_of(name, runs, repeats), spread)
    return row


def starts_of(name: str, runs: Sequence[Run], repeats: Sequence[Sequence[Row]]) -> list[Start]:
    return [
        Start(gpu_of(run), [repeat[name] for repeat in each], ending_of(run))
        for run, each in zip(runs, repeats, strict=True)
    ]


def gpu_of(run: Run) -> str:
    return " ".join((run.environment["gpu"] or {}).get("ids") or ())


def spread_of(run: Run, rows: Sequence[Row]) -> Spread:
    """What starts of such a run differ by elsewhere."""
    if run.environment["device"] == "cpu":
        return STARTS["cpu"]
    shares = [row["utilization"] for row in rows if not missing(row.get("utilization"))]
    return STARTS["busy" if shares and np.mean(shares) >= BUSY else "waits"]


def of_metric(name: str, starts: Sequence[Start], spread: Spread) -> Row:
    """The geometric mean over starts, and its interval."""
    values = [value for start in starts for value in start.values]
    if unknown := next((each for each in values if isinstance(each, Unknown)), None):
        return dict.fromkeys([f"{name}{end}" for end in ("", *ENDS)], unknown)
    if any(map(math.isnan, values)):
        return dict.fromkeys([f"{name}{end}" for end in ("", *ENDS)], math.nan)
    if min(len(start.values) for start in starts) < ENOUGH:
        return {name: math.exp(np.mean([start.mean for start in starts]))} | dict.fromkeys(
            [f"{name}{end}" for end in ENDS], math.nan
        )
    gpus = by_gpu(starts)
    middle = float(np.mean([each.mean() for each in gpus]))
    total = in_all(variance_of_mean(starts, spread))
    half = student(total.freedom) * math.sqrt(total.variance)
    low, high = (math.exp(middle + sign * half) for sign in (-1, 1))
    return {name: math.exp(middle), f"{name}_low": low, f"{name}_high": high}


def by_gpu(starts: Sequence[Start]) -> list[np.ndarray]:
    """Means of ln of the starts on each GPU."""
    names = sorted({start.gpu for start in starts})
    return [np.array([start.mean for start in starts if start.gpu == name]) for name in names]


def variance_of_mean(starts: Sequence[Start], spread: Spread) -> list[Part]:
    """What the variance of the GPUs' mean is made of."""
    gpus = by_gpu(starts)
    means = np.array([each.mean() for each in gpus])
    if len(gpus) >= ENOUGH:
        return [Part(float(means.var(ddof=1)) / len(gpus), len(gpus) - 1)]
    of_a_start = variance_of_a_start(starts, gpus, spread)
    each_gpu = of_a_start.variance * float(np.mean([1 / len(each) for each in gpus]))
    parts = [Part(each_gpu / len(gpus), of_a_start.freedom)]
    if len(gpus) == 2:
        sd, freedom = GPUS
        further = max(0.0, float(means.var(ddof=1)) - each_gpu)
        parts.append(Part((freedom * sd**2 + further) / (freedom + 1) / 2, freedom + 1))
    return parts


def variance_of_a_start(starts: Sequence[Start], gpus: Sequence[np.ndarray], spread: Spread) -> Part:
    """From the starts on one GPU; where these give less than two degrees of freedom, with the documented one."""
    squares = sum(float(((each - each.mean()) ** 2).sum()) for each in gpus)
    own = len(starts) - len(gpus)
    sd, freedom = spread if own < ENOUGH - 1 else (0.0, 0.0)
    repeats = float(np.mean([start.own_variance for start in starts]))
    return Part((freedom * (sd**2 + repeats) + squares) / (freedom + own), freedom + own)


def in_all(parts: Sequence[Part]) -> Part:
    """A sum of variances, with Satterthwaite's degrees of freedom."""
    total = sum(part.variance for part in parts)
    if not total:
        return Part(0.0, 1)
    return Part(total, total**2 / sum(part.variance**2 / part.freedom for part in parts))


def pooled(seconds: Sequence[Sequence[float]]) -> float:
    """Standard deviation of ln(seconds) inside of a start."""
    logs = [np.log(each) for each in seconds]
    squares = sum(float(((each - each.mean()) ** 2).sum()) for each in logs)
    return math.sqrt(squares / sum(len(each) - 1 for each in logs))


def labelled_otherwise(labels: Sequence[pd.DataFrame]) -> float:
    """Texts whose label is not the same in all starts; NaN where fewer than two have labels."""
    if len(labels) < 2:
        return math.nan
    rows = pd.concat([each[(each["repeat"] == 0) & (each["duplicate"] == 0)] for each in labels])
    return int((rows["label"].fillna("").groupby(rows["text_id"]).nunique() > 1).sum())


def told_of_start(run: Run, repeats: Sequence[Row]) -> Row:
    """What the column `each_start` says of one of them."""
    logs = np.log([repeat[SPEED] for repeat in repeats])
    return {
        "folder": run.key[1],
        "start_id": run.measurement["engine"].get("start_id") or "/".join(run.key),
        "gpu": gpu_of(run),
        "log_mean": float(logs.mean()),
        "log_sd": float(logs.std(ddof=1)),
        "count": len(logs),
        "ending": ending_of(run),
    }


def each_start(path: Path, starts: Mapping[tuple[str, str], Sequence[Row]]) -> Checked:
    """The starts that a cell of a table writes down, as JSON.

    Args:
        path: runs.csv, or a study's table.
        starts: what each of a run's starts is, by study and run.
    """
    table = Checked(f"{path.name}, each_start")
    for row in pd.read_csv(path).to_dict("records"):
        key = (row["study"], row["run"])
        said = [] if missing(row["each_start"]) else json.loads(row["each_start"])
        if len(said) != len(starts[key]):
            table.off.append(
                f"{', '.join(key)}: {len(said)} starts stand there, {len(starts[key])} are known"
            )
            continue
        for number, (there, found) in enumerate(zip(said, starts[key], strict=True), start=1):
            for name in found | there:
                beside = there.get(name), found.get(name)
                if beside[0] != beside[1] or not isinstance(beside[0], str):
                    table.number(f"{', '.join(key)}, {number}: {name}", *beside)
    return table
