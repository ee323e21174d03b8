"""How long the jobs take that measure nothing: texts, models, prompts, tables, reports.

A job that has run in this folder takes what it took: Snakemake keeps the times of each. For the others
there is a table of seconds on the reference machine (`batchscope.planning.seconds.machine_speed`).
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from batchscope.config.configuration import Config

RECORDS = Path(".snakemake") / "metadata"
"""Where Snakemake keeps a small file for each file that a job made."""

MOST_RECORDS = 3000
"""Files that are read of it: with 10,000 runs it holds many more, and a plan takes seconds."""

TRAINING = "prepare_model (training)"
"""The demo's model, made and trained; other models are copied."""

SECONDS = {
    TRAINING: 75.0,
    "prepare_model": 2.0,
    "make_dataset": 2.0,
    "make_prompts": 1.0,
    "score_labels": 1.2,
    "make_tables": 1.5,
    "report_timeline": 6.0,
    "profile_run": 60.0,
}
"""On the reference machine, what Snakemake itself takes for a job left out."""

REPORT_S = 3.5
"""Of any other report."""

SNAKEMAKE_S = 0.8
"""What Snakemake takes from the end of one job to the start of the next, on the reference machine."""

BEGIN_S = 3.0
"""From the call to the first job."""


@dataclass(frozen=True)
class JobSeconds:
    """Seconds of a job of each kind: recorded here, else from the table."""

    recorded: Mapping[str, float]
    speed: float
    """of this machine"""

    def of(self, kind: str) -> float:
        """One job, with what Snakemake takes for it."""
        from_table = SECONDS.get(kind, REPORT_S) / self.speed
        return self.recorded.get(kind, from_table) + self.between

    @property
    def between(self) -> float:
        """From the end of one job to the start of the next."""
        return SNAKEMAKE_S / self.speed

    def total(self, kinds: Mapping[str, int]) -> float:
        """All jobs, one after the other, and the call's own beginning; nothing where there are none."""
        if not kinds:
            return 0.0
        return BEGIN_S / self.speed + sum(count * self.of(kind) for kind, count in kinds.items())


def kind_of(job: Mapping[str, Any], config: Config) -> str:
    """A job's rule; of a model that is trained, `TRAINING`."""
    asset = config.models.get(str(job["wildcards"].get("model")))
    trained = asset is not None and asset.source == "demo" and asset.load_format != "dummy"
    return TRAINING if job["rule"] == "prepare_model" and trained else str(job["rule"])


def recorded_seconds(folder: Path = RECORDS) -> dict[str, float]:
    """Median seconds of the jobs of each rule that have run here; models left out, which differ too much."""
    found: dict[str, set[tuple[float, float]]] = {}
    for record in _records(folder):
        rule, start, end = (record.get(key) for key in ("rule", "starttime", "endtime"))
        if isinstance(start, float) and isinstance(end, float) and end > start:
            found.setdefault(str(rule), set()).add((start, end))
    return {
        rule: median(end - start for start, end in times)
        for rule, times in found.items()
        if rule != "prepare_model"
    }


def _records(folder: Path) -> Iterator[dict[str, Any]]:
    """Some of the records; those that cannot be read are left out."""
    files = (os.path.join(path, name) for path, _, names in os.walk(folder) for name in names)  # noqa: PTH118
    for path in islice(files, MOST_RECORDS):
        try:
            record = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(record, dict):
            yield record


def count_kinds(jobs: Iterable[Mapping[str, Any]], config: Config) -> dict[str, int]:
    """How many jobs there are of each kind."""
    counts: dict[str, int] = {}
    for job in jobs:
        kind = kind_of(job, config)
        counts[kind] = counts.get(kind, 0) + 1
    return counts
