"""Draw a study's figure from the tables."""

import argparse
import json
from pathlib import Path

from batchscope.common.errors import run_script
from batchscope.common.files import replacing
from batchscope.config.configuration import load_config
from batchscope.config.studies import study_named
from batchscope.reporting.style import save
from batchscope.reports.study.figure import study_figure
from batchscope.results.frames import read_frame


def main() -> None:
    """Read the frames, write the figure as PNG and SVG."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True, help="runs.parquet")
    parser.add_argument("--repeats", type=Path, required=True, help="repeats.parquet")
    parser.add_argument("--config", type=Path, required=True, help="the whole configuration as JSON")
    parser.add_argument("--study", required=True, help="name of the study")
    parser.add_argument("--out-png", type=Path, required=True, help="PNG to write")
    parser.add_argument("--out-svg", type=Path, required=True, help="SVG to write")
    args = parser.parse_args()

    config = load_config(json.loads(args.config.read_text(encoding="utf-8")))
    study = study_named(config.active_studies, args.study)
    runs, repeats = (
        frame[frame["study"] == args.study] for frame in map(read_frame, (args.tables, args.repeats))
    )
    figure = study_figure(args.study, study, runs, repeats, across=config.compare_environments)
    with replacing(args.out_png) as png, replacing(args.out_svg) as svg:
        save(figure, png, svg)


if __name__ == "__main__":
    run_script(main)
