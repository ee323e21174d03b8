"""Find the runs that the end of a call tells of: no engine for them, or no run of their study is valid."""

import argparse
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from batchscope.common.atomic_files import write_text
from batchscope.common.errors import run_script
from batchscope.config.configuration import load_config
from batchscope.results.configured_runs import configured_points
from batchscope.results.faults import Fault, as_json, fault_of, fault_of_damaged, rows_among, to_be_told
from batchscope.results.frames import cell_value
from batchscope.results.gates import validity_of
from batchscope.results.loads.points import LoadPoint
from batchscope.studies.grid import expand_serving

Run = tuple[str, str, bool, str]
"""``study/run`` as the folder of its engine start has it, status, whether it is valid, and if not, why."""


def main() -> None:
    """Read the table of engine starts and the folders of load points, write the faults as a JSON list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True, help="folder of the results")
    parser.add_argument("--log", type=Path, required=True, help="this script's log, beside those of the runs")
    parser.add_argument("--load-points", nargs="*", default=[], help="study/run of each")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    args = parser.parse_args()

    offline = list(runs_of_table(args.results / "tables" / "starts.parquet"))
    served = list(runs_on_servers(args.results, args.load_points))
    faults = [
        *faults_in(offline, args.results / "runs", args.log.parent / "measure"),
        *faults_in(served, args.results / "serving", args.log.parent / "serve"),
    ]
    write_text(args.out, json.dumps(as_json(faults), indent=1) + "\n")
    print(f"{len(offline) + len(served)} runs checked, {len(faults)} with something wrong: {args.out}")


def runs_of_table(table: Path) -> Iterator[Run]:
    """All runs on offline engines, each in each of its engine starts."""
    rows = pd.read_parquet(table, columns=["study", "folder", "status", "valid", "reason"])
    for row in rows.itertuples():
        yield f"{row.study}/{row.folder}", str(row.status), bool(row.valid), str(cell_value(row.reason) or "")


def runs_on_servers(results: Path, names: Collection[str]) -> Iterator[Run]:
    """The load points of these names (``study/run``) of the configuration that was written down."""
    if not names:
        return
    config = load_config(json.loads((results / "config.json").read_text(encoding="utf-8")))
    runs = [run for run in expand_serving(config) if run.id in names]
    for point in configured_points(results / "serving", runs, config):
        yield run_of_load_point(point)


def run_of_load_point(point: LoadPoint) -> Run:
    """A load point, judged as on its study's page."""
    found = validity_of(point.run)
    details = [f"{item.code}: {item.detail}" for item in found.invalid]
    return point.served.id, found.status, found.valid, point.served.message or "; ".join(details)


def faults_in(runs: list[Run], folder: Path, logs: Path) -> Iterator[Fault]:
    """The faults among runs whose results are below ``folder``."""
    named = [run[:3] for run in runs]
    told, rows = set(to_be_told(named)), rows_among(named)
    for name, status, _, reason in runs:
        if name in told and status == "damaged":
            yield fault_of_damaged(name, reason, f"{logs / name}.log")
        elif name in told:
            measurement: dict[str, Any] = json.loads((folder / name / "measurement.json").read_text())
            cause = "" if measurement["message"] else reason
            yield fault_of(measurement, f"{logs / name}.log", cause, is_row=name in rows)


if __name__ == "__main__":
    run_script(main)
