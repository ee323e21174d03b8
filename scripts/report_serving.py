"""Say what one study of the server found: a page, a CSV file, a figure, and a timeline of each load point."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from batchscope.analysis.pages import study_html, study_markdown
from batchscope.analysis.plots import save
from batchscope.analysis.records import load_runs
from batchscope.config import load_config
from batchscope.errors import run_script
from batchscope.files import replacing, write_text
from batchscope.serving.frame import serving_frame
from batchscope.serving.latencies import latencies
from batchscope.serving.offline import beside_offline
from batchscope.serving.page import label, serving_page
from batchscope.serving.plots import serving_figure
from batchscope.serving.records import LoadPoint, load_points
from batchscope.serving.reference import load_published
from batchscope.serving.timeline import timeline_figure

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
    study, points = serving.active_studies[args.study], load_points(args.points)
    frame = serving_frame(points, serving.slo, load_published(PUBLISHED))
    beside = list(beside_offline(points, load_runs(args.offline)))
    page = serving_page(args.study, study, frame, serving.slo, beside)
    name = f"serving_{args.study}"
    write_text(args.out_tables / f"{name}.md", study_markdown(page))
    write_text(args.out_tables / f"{name}.html", study_html(page))
    with replacing(args.out_tables / f"{name}.csv") as path:
        frame.dropna(axis="columns", how="all").to_csv(path, index=False)
    ttft = {point.served.run: latencies(point.client)["ttft"] for point in points}
    with replacing(args.out_plots / f"{name}.png") as png, replacing(args.out_plots / f"{name}.svg") as svg:
        save(serving_figure(args.study, study, frame, ttft, page.context), png, svg)
    draw_timelines(points, frame, page.context[0], args.out_timelines)
    print(f"{args.study}: {len(points)} load points in {args.out_tables / name}.md")


def draw_timelines(points: Sequence[LoadPoint], frame: pd.DataFrame, footnote: str, out: Path) -> None:
    """A figure for each load point that was measured."""
    out.mkdir(parents=True, exist_ok=True)
    for point, (_, row) in zip(points, frame.iterrows(), strict=True):
        if point.client.empty:
            continue
        figure = timeline_figure(f"{label(row)}: each request", point.client, point.run.steps, footnote)
        name = point.served.run
        with replacing(out / f"{name}.png") as png, replacing(out / f"{name}.svg") as svg:
            save(figure, png, svg)


if __name__ == "__main__":
    run_script(main)
