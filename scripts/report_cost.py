"""Compare what was measured with the cost model: a page, a CSV and a figure."""

import argparse
import json
from pathlib import Path

from batchscope.common.errors import run_script
from batchscope.config.configuration import load_config
from batchscope.reporting.files import write_csv, write_figure, write_page
from batchscope.reports.cost.curves import curves_of
from batchscope.reports.cost.figure import Sheet, cost_figure
from batchscope.reports.cost.frame import constants, cost_frame, estimate
from batchscope.reports.cost.page import TITLE, cost_page, describe_choice
from batchscope.results.frames import runs_frame
from batchscope.results.records import RunRecord, load_runs
from batchscope.studies.grid import expand_studies


def main() -> None:
    """Read run folders, write ``cost.md``, ``.html`` and ``.csv``, and the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="folder that holds {study}/{run}")
    parser.add_argument("--config", type=Path, required=True, help="the whole configuration as JSON")
    parser.add_argument("--out-tables", type=Path, required=True, help="folder for the page and the CSV")
    parser.add_argument("--out-plots", type=Path, required=True, help="folder for the figure")
    args = parser.parse_args()

    config = load_config(json.loads(args.config.read_text(encoding="utf-8")))
    records = load_runs(args.runs / run.id for run in expand_studies(config))
    write_report(records, args.out_tables, args.out_plots)
    print(f"{len(records)} runs in {args.out_tables / TITLE}.md and {args.out_plots / TITLE}.png")


def write_report(records: list[RunRecord], tables: Path, plots: Path) -> None:
    """Write the page as Markdown and HTML, the frame as CSV, and the figure as PNG and SVG."""
    estimates = [estimate(record) for record in records]
    found = constants(estimates)
    frame, curves = cost_frame(estimates, found), curves_of(estimates, found)
    page = cost_page(frame, runs_frame(records, []), found, curves)
    write_page(page, tables / TITLE)
    write_csv(frame, tables / TITLE)
    write_figure(cost_figure(Sheet(frame, curves), [*page.context, *describe_choice(curves)]), plots / TITLE)


if __name__ == "__main__":
    run_script(main)
