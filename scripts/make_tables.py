"""Turn measurements into tables: tidy frames, and a page for each study."""

import argparse
import json
from pathlib import Path

import pandas as pd

from batchscope.common.errors import run_script
from batchscope.common.files import replacing, write_text
from batchscope.config.configuration import Config, load_config
from batchscope.reporting.files import write_csv, write_page
from batchscope.reporting.page import Page
from batchscope.reporting.render import summary_html, summary_markdown
from batchscope.reports.study.page import study_page
from batchscope.reports.study.summary import sweep
from batchscope.results.frames import repeats_frame, runs_frame
from batchscope.results.label_rows import with_labels
from batchscope.results.published import load_published
from batchscope.results.records import load_runs
from batchscope.studies.grid import expand_studies

PUBLISHED = Path(__file__).parents[1] / "docs" / "reference" / "h800" / "offline.csv"


def main() -> None:
    """Read run folders, write runs, repeats, a page and a CSV for each study, and the summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="folder that holds {study}/{run}")
    parser.add_argument("--config", type=Path, required=True, help="the whole configuration as JSON")
    parser.add_argument("--published", type=Path, default=PUBLISHED, help="published figures, as CSV")
    parser.add_argument("--labels", type=Path, help="folder that holds {study}.parquet; none: no accuracy")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    args = parser.parse_args()

    config = load_config(json.loads(args.config.read_text(encoding="utf-8")))
    records = load_runs(args.runs / run.id for run in expand_studies(config))
    if args.labels:
        records = with_labels(records, args.labels)
    runs = runs_frame(records, load_published(args.published))
    write_frame(runs, args.out / "runs")
    write_frame(repeats_frame(records), args.out / "repeats")
    write_pages(config, runs, args.out)
    print(f"{len(runs)} runs ({int((~runs['valid']).sum())} not valid) in {args.out}")


def write_frame(frame: pd.DataFrame, stem: Path) -> None:
    """Write a frame as ``.parquet`` and ``.csv``."""
    with replacing(stem.with_suffix(".parquet")) as path:
        frame.to_parquet(path, index=False)
    write_csv(frame, stem)


def write_pages(config: Config, runs: pd.DataFrame, out: Path) -> None:
    """Write ``{study}.md``, ``.html`` and ``.csv`` for each study, then ``summary.md`` and ``.html``."""
    pages: list[Page] = []
    for name, study in config.active_studies.items():
        rows = runs[runs["study"] == name]
        page = study_page(name, study, rows, across=config.compare_environments)
        pages.append(page)
        write_page(page, out / name)
        write_csv(rows.dropna(axis="columns", how="all"), out / name)
    write_text(out / "summary.md", summary_markdown(config.title, pages, sweep(runs)))
    write_text(out / "summary.html", summary_html(config.title, pages, sweep(runs)))


if __name__ == "__main__":
    run_script(main)
