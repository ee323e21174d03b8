"""Write docs/metrics.md from the metrics in batchscope/results/metrics."""

import argparse
from pathlib import Path

from batchscope.common.atomic_files import write_text
from batchscope.common.errors import UserError, run_script
from batchscope.results.metrics.documentation import metrics_page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"


def main() -> None:
    """Write the page, or with --check say whether it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is out of date")
    args = parser.parse_args()
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == metrics_page():
        return
    if args.check:
        raise UserError("docs/metrics.md is not what batchscope/results/metrics says; run `make config`")
    write_text(PAGE, metrics_page())
    print("wrote docs/metrics.md")


if __name__ == "__main__":
    run_script(main)
