"""Write one report of the results: its page, table and figure, or a folder of figures."""

import argparse
from importlib import import_module
from pathlib import Path

from batchscope.common.errors import run_script
from batchscope.reports.registry import REPORTS
from batchscope.reports.report_job import ReportJob


def main() -> None:
    """Let the report's module write it, and print what it wrote."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[report.name for report in REPORTS], help="which report")
    parser.add_argument(
        "captures", type=Path, nargs="*", help="folders of profiles, for a report about these"
    )
    parser.add_argument("--results", type=Path, required=True, help="folder of results, with config.json")
    parser.add_argument("--out", type=Path, help="folder to write into; without it, that of the results")
    parser.add_argument("--study", default="", help="the study, where there is a report for each")
    args = parser.parse_args()
    job = ReportJob(args.results, args.out or args.results, args.study, tuple(args.captures))
    print(import_module(f"batchscope.reports.{args.name}.report").write_report(job))


if __name__ == "__main__":
    run_script(main)
