"""Say what one study of the server found: a page, a CSV file, a figure, and a timeline of each load point."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from batchscope.common.errors import run_script
from batchscope.config.configuration import load_config
from batchscope.config.studies import study_named
from batchscope.reporting.files import write_csv, write_figure, write_page
from batchscope.reports.serving.figure import serving_figure
from batchscope.reports.serving.frame import serving_frame
from batchscope.reports.serving.offline import beside_offline
from batchscope.reports.serving.page import label, serving_page
from batchscope.reports.serving.request_timeline import timeline_figure
from batchscope.results.latencies import latencies
from batchscope.results.load_points import LoadPoint, load_points
from batchscope.results.published_serving import load_published
from batchscope.results.records import load_runs

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = ROOT / "docs" / "reference" / "h800" / "serving.csv"


def main() -> None:
    """Read the load points, write what docs/files.md lists for a study of the server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("points", type=Path, nargs="+", help="folders of load points")
    parser.add_argument("--offline", type=Path, nargs="*", default=[], help="folders of offline runs")
    parser.add_argument("--config", type=Path, required=True, help="the merged configuration, JSON")
    parser.add_argument("--study", required=True, help="the study's name")
    parser.add_argument("--out-tables", type=Path, required=True, help="folder for the page and the CSV file")
    parser.add_argument("--out-plots", type=Path, required=True, help="folder for the figure")
    parser.add_argument("--out-timelines", type=Path, required=True, help="folder for the timelines")
    args = parser.parse_args()
    serving = load_config(json.loads(args.config.read_text(encoding="utf-8"))).serving
    study, points = study_named(serving.active_studies, args.study), load_points(args.points)
    frame = serving_frame(points, serving.slo, load_published(PUBLISHED))
    beside = list(beside_offline(points, load_runs(args.offline)))
    page = serving_page(args.study, study, frame, serving.slo, beside)
    name = f"serving_{args.study}"
    write_page(page, args.out_tables / name)
    write_csv(frame.dropna(axis="columns", how="all"), args.out_tables / name)
    ttft = {point.served.run: latencies(point.client)["ttft"] for point in points}
    figure = serving_figure(args.study, study, frame, ttft, page.context)
    write_figure(figure, args.out_plots / name)
    draw_timelines(points, frame, page.context[0], args.out_timelines)
    print(f"{args.study}: {len(points)} load points in {args.out_tables / name}.md")


def draw_timelines(points: Sequence[LoadPoint], frame: pd.DataFrame, footnote: str, out: Path) -> None:
    """A figure for each load point that was measured."""
    out.mkdir(parents=True, exist_ok=True)
    for point, (_, row) in zip(points, frame.iterrows(), strict=True):
        if point.client.empty:
            continue
        figure = timeline_figure(f"{label(row)}: each request", point.client, point.run.steps, footnote)
        write_figure(figure, out / point.served.run)


if __name__ == "__main__":
    run_script(main)
