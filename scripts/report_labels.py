"""Judge the labels of all studies: a page, a CSV and a figure."""

import argparse
import json
from pathlib import Path

from batchscope.common.errors import run_script
from batchscope.config.configuration import load_config
from batchscope.reporting.files import write_csv, write_figure, write_page
from batchscope.reports.labels.figure import labels_figure
from batchscope.reports.labels.frame import labels_of_studies, positions_frame, quality_frame
from batchscope.reports.labels.page import labels_page
from batchscope.results.frames import read_frame
from batchscope.results.label_rows import load_labels


def main() -> None:
    """Read the runs frame and the labels, write ``labels.md``, ``.html``, ``.csv``, ``.png`` and ``.svg``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True, help="runs.parquet")
    parser.add_argument("--labels", type=Path, required=True, help="folder that holds {study}.parquet")
    parser.add_argument("--config", type=Path, required=True, help="the whole configuration as JSON")
    parser.add_argument("--out-tables", type=Path, required=True, help="folder for the page and the CSV")
    parser.add_argument("--out-plots", type=Path, required=True, help="folder for the figure")
    args = parser.parse_args()

    config = load_config(json.loads(args.config.read_text(encoding="utf-8")))
    across = config.compare_environments
    runs = read_frame(args.tables)
    studies = {study: load_labels(args.labels / f"{study}.parquet") for study in config.active_studies}
    labels = labels_of_studies(studies)
    found = quality_frame(runs, labels, across=across)
    stem = args.out_tables / "labels"
    write_page(labels_page(runs, found, across=across), stem)
    write_csv(found.convert_dtypes(), stem)  # counts without decimals
    figure = labels_figure(runs, found, positions_frame(runs, labels), across=across)
    write_figure(figure, args.out_plots / "labels")
    print(f"labels of {len(found)} of {len(runs)} runs judged: {stem}.html")


if __name__ == "__main__":
    run_script(main)
