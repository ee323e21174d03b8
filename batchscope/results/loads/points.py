"""Folders of load points as typed records; they are runs with a load, and with what the client saw."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path

import pandas as pd

from batchscope.common.schemas import CLIENT, HARDWARE, STEPS
from batchscope.config.serving import Load
from batchscope.results.intact.measurement_folder import damaged
from batchscope.results.loads.hardware import samples_during, with_energy_of_load
from batchscope.results.loads.window import last_answer
from batchscope.results.records import (
    UNREADABLE,
    Environment,
    Measurement,
    RunRecord,
    Spec,
    first_line,
    load_measured,
    load_table,
    read_record,
)

REUSE = ("none", "text", "full")
"""From what the prefix cache serves least to what it serves most."""


class ServedSpec(Spec):
    """All that decided what the load point measured."""

    load: Load


class Served(Measurement):
    """``measurement.json`` of a load point."""

    spec: ServedSpec


@dataclass(frozen=True)
class LoadPoint:
    """A load point as it lies on disk."""

    served: Served
    run: RunRecord
    """the same as a run of one repeat, with the client's table, for the gates and the metrics"""

    @property
    def client(self) -> pd.DataFrame:
        """Columns of `batchscope.common.schemas.CLIENT`; empty where it was not measured."""
        return self.run.client

    @property
    def load(self) -> Load:
        """How the server got its requests."""
        return self.served.spec.load

    @property
    def finished(self) -> pd.DataFrame:
        """The requests that did not fail."""
        return self.client[self.client["error"].isna()]


def load_points(folders: Iterable[Path]) -> list[LoadPoint]:
    """Read folders of load points, `in_order`.

    Raises:
        UserError: a file is missing, unreadable or incomplete; the message names it and the remedy.
    """
    return in_order([load_point(folder) for folder in folders])


def in_order(points: Sequence[LoadPoint]) -> list[LoadPoint]:
    """By layout as first named, n, copies, then load, where no limit is the largest; others stay in order."""
    layouts = list(dict.fromkeys(point.served.spec.workload.layout for point in points))

    def place(point: LoadPoint) -> tuple[float, ...]:
        work, load = point.served.spec.workload, point.load
        limits = (load.max_concurrency or inf, load.request_rate or inf)
        return layouts.index(work.layout), work.n, work.duplicates, REUSE.index(work.reuse), *limits

    return sorted(points, key=place)


def load_point(folder: Path) -> LoadPoint:
    """Read one.

    Raises:
        DamagedError: a file is missing, unreadable, incomplete or not as it was written; the message names it
            and the remedy.
    """
    return as_load_point(
        load_measured(folder, Served),
        read_record(folder / "environment.json", Environment),
        load_client(folder / "client.parquet"),
        load_table(folder / "steps.parquet", STEPS),
        load_table(folder / "hardware.parquet", HARDWARE),
    )


def as_load_point(
    served: Served,
    environment: Environment,
    client: pd.DataFrame,
    steps: pd.DataFrame,
    hardware: pd.DataFrame,
) -> LoadPoint:
    """A load point from its files; hardware and energy are those of its load's own window."""
    end = last_answer(client)
    served, during = with_energy_of_load(served, hardware, end), samples_during(hardware, end)
    requests = as_requests(served, client)
    return LoadPoint(served, RunRecord(served, environment, requests, steps, during, client=client))


def load_client(path: Path) -> pd.DataFrame:
    """Columns of `CLIENT`, lists among them.

    Raises:
        DamagedError: the file is missing or damaged.
    """
    try:
        frame = pd.read_parquet(path)
    except UNREADABLE as error:
        raise damaged(path, f"cannot be read ({first_line(error)})") from None
    if absent := [name for name in CLIENT.names if name not in frame]:
        raise damaged(path, f"no column '{absent[0]}'")
    return frame


def as_requests(served: Served, client: pd.DataFrame) -> pd.DataFrame:
    """The requests as a run has them, so that what it had to compute can be counted.

    Nothing where the prefix cache served some: a client does not know which of its requests had it easier.
    """
    if served.repeats and served.repeats[0].cached_tokens:
        return pd.DataFrame()
    finished = client[client["error"].isna()]
    return pd.DataFrame(
        {
            "repeat": 0,
            "prompt_tokens": finished["prompt_tokens"],
            "cached_tokens": 0,
            "output_tokens": finished["output_tokens"],
            "first_token_s": finished["sent_s"] + finished["ttft_s"],
        }
    )
