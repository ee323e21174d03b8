"""All that a verdict is made from: the configuration, the tables, and the labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from batchscope.config.configuration import Config
from batchscope.results.frames import cell_value, read_frame
from batchscope.results.label_rows import Labels, labels_of_studies, load_labels
from batchscope.results.metrics.label_quality import random_weights
from batchscope.results.over_starts import labels_of_runs

OFTEN_EMPTY = (
    "load.max_concurrency", "load.request_rate", "load.requests", "texts_per_s", "steady_s", "reached",
    "realised", "under_way", "sent_per_s", "came", "queue", "utilization",
)  # fmt: skip
"""Columns that a table of load points lacks where no point of the study has a value."""


@dataclass(frozen=True)
class Evidence:
    """Tables as `batchscope.results.frames`, the cost report and the serving report have them."""

    config: Config
    runs: pd.DataFrame
    labels: Labels
    cost: pd.DataFrame
    serving: Mapping[str, pd.DataFrame]
    """rows of load points by study"""

    def run(self, name: str) -> "pd.Series[Any]":
        """The row of ``study/run``."""
        study, _, run = name.partition("/")
        return self.runs[(self.runs["study"] == study) & (self.runs["run"] == run)].iloc[0]

    def cost_of(self, name: str) -> "pd.Series[Any] | None":
        """The row of ``study/run`` in the cost table; None where it has none."""
        study, _, run = name.partition("/")
        if self.cost.empty:
            return None
        found = self.cost[(self.cost["study"] == study) & (self.cost["run"] == run)]
        return found.iloc[0] if len(found) else None

    def labels_of(self, run: "pd.Series[Any]") -> pd.DataFrame | None:
        """A run's rows of labels; None where it has none, or they mean nothing."""
        if random_weights(run["load_format"]):
            return None
        return self.labels.get((run["study"], run["run"]))


def name_of(run: "pd.Series[Any]") -> str:
    """A run as ``study/run``."""
    return f"{run['study']}/{run['run']}"


def starts_of(run: "pd.Series[Any]") -> int:
    """Engine starts that a run was measured in."""
    return int(cell_value(run.get("starts", 1)) or 1)


def read_evidence(config: Config, results: Path) -> Evidence:
    """The tables of a folder of results.

    Raises:
        UserError: a table is missing or damaged.
    """
    tables, labels = results / "tables", results / "labels"
    studies = {name: load_labels(labels / f"{name}.parquet") for name in config.active_studies}
    runs = read_frame(tables / "runs.parquet")
    return Evidence(
        config,
        runs,
        labels_of_runs(labels_of_studies(studies), runs),
        _read_csv(tables / "cost.csv"),
        {name: read_load_points(tables / f"serving_{name}.csv") for name in config.serving.active_studies},
    )


def read_load_points(path: Path) -> pd.DataFrame:
    """A study's load points from its CSV table, in which columns without a value are left out."""
    points = _read_csv(path)
    missing = [name for name in OFTEN_EMPTY if name not in points]
    return points.reindex(columns=[*points, *missing])


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except pd.errors.EmptyDataError:  # a table of no runs
        return pd.DataFrame()
