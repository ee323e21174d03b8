"""Turn measurements into tidy tables: one row a run, one row an engine start, and one row a repeat."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from batchscope.common.atomic_files import replacing
from batchscope.common.errors import run_script
from batchscope.config.configuration import load_config
from batchscope.results.configured_runs import configured_runs
from batchscope.results.frames import repeats_frame, runs_frame, starts_frame
from batchscope.results.label_rows import with_labels
from batchscope.results.published.offline import load_published
from batchscope.results.records import RunRecord
from batchscope.results.reference_run import with_references
from batchscope.studies.grid import expand_studies
from batchscope.studies.starts import with_starts

PUBLISHED = Path(__file__).parents[1] / "docs" / "reference" / "h800" / "offline.csv"


def main() -> None:
    """Read run folders, write ``runs``, ``starts`` and ``repeats``, each as Parquet and CSV."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="folder that holds {study}/{run}")
    parser.add_argument("--config", type=Path, required=True, help="the whole configuration as JSON")
    parser.add_argument("--published", type=Path, default=PUBLISHED, help="published figures, as CSV")
    parser.add_argument("--labels", type=Path, help="folder that holds {study}.parquet; none: no accuracy")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    args = parser.parse_args()

    config = load_config(json.loads(args.config.read_text(encoding="utf-8")))
    records = configured_runs(args.runs, with_starts(expand_studies(config)), config)
    if args.labels:
        records = with_references(with_labels(records, args.labels), coverage=config.verdict.coverage / 100)
    runs = write_tables(records, args.published, args.out)
    print(f"{len(runs)} runs ({int((~runs['valid']).sum())} not valid) in {args.out}")
    if unsealed := sum(not record.measurement.is_sealed for record in records):
        print(f"{unsealed} of them have no checksums: they were measured before there were any")


def write_tables(records: Sequence[RunRecord], published: Path, out: Path) -> pd.DataFrame:
    """Write ``runs``, ``starts`` and ``repeats``, and return the first."""
    runs = runs_frame(records, load_published(published))
    write_frame(runs, out / "runs")
    write_frame(starts_frame(records), out / "starts")
    write_frame(repeats_frame(records), out / "repeats")
    return runs


def write_frame(frame: pd.DataFrame, stem: Path) -> None:
    """Write a frame as ``.parquet`` and ``.csv``."""
    with replacing(stem.with_suffix(".parquet")) as path:
        frame.to_parquet(path, index=False)
    with replacing(stem.with_suffix(".csv")) as path:
        frame.to_csv(path, index=False)


if __name__ == "__main__":
    run_script(main)
