"""Compare all profiles: a page, two CSV files and a figure."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from batchscope.common.errors import UserError, run_script
from batchscope.profiling.kernel_classes import load_rules
from batchscope.reporting.files import write_csv, write_figure, write_page
from batchscope.reports.profiles.figure import profiles_figure
from batchscope.reports.profiles.frame import load_profiles, steps_frame, summary_frame
from batchscope.reports.profiles.page import TITLE, profiles_page


def main() -> None:
    """Read captures, write ``profiles.md``, ``.html``, ``.csv``, ``profiles_steps.csv`` and the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("profiles", type=Path, nargs="*", help="folders of captures")
    parser.add_argument("--out-tables", type=Path, required=True, help="folder for the page and the CSVs")
    parser.add_argument("--out-plots", type=Path, required=True, help="folder for the figure")
    args = parser.parse_args()
    if not args.profiles:
        raise UserError(
            "profile.runs: this configuration has none of the runs that are profiled by default; name some"
        )
    write_report(args.profiles, args.out_tables, args.out_plots)
    print(f"{len(args.profiles)} profiles in {args.out_tables / TITLE}.md and {args.out_plots / TITLE}.png")


def write_report(folders: Sequence[Path], tables: Path, plots: Path) -> None:
    """Write the page as Markdown and HTML, the frames as CSV, and the figure as PNG and SVG."""
    profiles, rules = load_profiles(folders), load_rules()
    page = profiles_page(profiles, rules, tables)
    write_page(page, tables / TITLE)
    write_csv(summary_frame(profiles, rules), tables / TITLE)
    write_csv(steps_frame(profiles, rules), tables / f"{TITLE}_steps")
    write_figure(profiles_figure(profiles, rules, page.context), plots / TITLE)


if __name__ == "__main__":
    run_script(main)
