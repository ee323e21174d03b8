"""Compare what takes memory in all profiled runs: a page, a CSV file and a figure."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from batchscope.common.errors import UserError, run_script
from batchscope.reporting.files import write_csv, write_figure, write_page
from batchscope.reports.memory.figure import memory_figure
from batchscope.reports.memory.page import TITLE, load_memory, memory_csv, memory_page


def main() -> None:
    """Read captures, write ``memory.md``, ``.html``, ``.csv`` and the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("profiles", type=Path, nargs="*", help="folders of captures")
    parser.add_argument("--out-tables", type=Path, required=True, help="folder for the page and the CSV")
    parser.add_argument("--out-plots", type=Path, required=True, help="folder for the figure")
    args = parser.parse_args()
    if not args.profiles:
        raise UserError(
            "no memory profile is asked for; name runs in profile.runs, and memory in profile.profilers"
        )
    write_report(args.profiles, args.out_tables, args.out_plots)
    print(f"{len(args.profiles)} runs in {args.out_tables / TITLE}.md and {args.out_plots / TITLE}.png")


def write_report(folders: Sequence[Path], tables: Path, plots: Path) -> None:
    """Write the page as Markdown and HTML, the frame as CSV, and the figure as PNG and SVG."""
    profiles = load_memory(folders)
    page = memory_page(profiles, tables)
    write_page(page, tables / TITLE)
    write_csv(memory_csv(profiles), tables / TITLE)
    write_figure(memory_figure(profiles, page.context), plots / TITLE)


if __name__ == "__main__":
    run_script(main)
