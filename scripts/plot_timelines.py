"""Draw what happened inside each run of a study, step by step, and write it down as lines of text."""

import argparse
import json
import shutil
from pathlib import Path

from batchscope.common.errors import UserError, run_script
from batchscope.config.configuration import load_config
from batchscope.config.studies import study_named
from batchscope.reporting.style import save
from batchscope.reporting.wording import varying
from batchscope.reports.timeline.figure import run_title, timeline_figure
from batchscope.reports.timeline.frame import load_timeline, timeline_text
from batchscope.results.frames import runs_frame
from batchscope.studies.grid import expand_studies


def main() -> None:
    """Read the study's run folders, write three files for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="folder that holds {study}/{run}")
    parser.add_argument("--config", type=Path, required=True, help="the whole configuration as JSON")
    parser.add_argument("--study", required=True, help="name of the study")
    parser.add_argument("--out", type=Path, required=True, help="folder to write; what it held is removed")
    args = parser.parse_args()

    config = load_config(json.loads(args.config.read_text(encoding="utf-8")))
    study_named(config.active_studies, args.study)
    folders = [args.runs / run.id for run in expand_studies(config) if run.study == args.study]
    write_timelines(folders, args.out)
    print(f"{len(folders)} timelines in {args.out}")


def write_timelines(folders: list[Path], out: Path) -> None:
    """Write ``{run}.svg``, ``.png`` and ``.txt`` for each run folder of one study."""
    timelines = [load_timeline(folder) for folder in folders]
    runs = runs_frame([timeline.record for timeline in timelines], published=[])
    settings = varying(runs)
    try:
        # A run that has another name now must not leave its files behind.
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        for timeline, (_, run) in zip(timelines, runs.iterrows(), strict=True):
            png, svg, txt = (out / f"{run['run']}.{kind}" for kind in ("png", "svg", "txt"))
            save(timeline_figure(timeline, run, settings), png, svg)
            txt.write_text(timeline_text(timeline, run_title(run, settings)), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror}; check the folder and its space") from None


if __name__ == "__main__":
    run_script(main)
