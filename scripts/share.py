"""Copy what others need of the results into a folder: all that was measured, tables and plots.

Texts stay here: prompts are not copied, and labels only by the numbers of their texts. Host names and values
of environment variables are left out, absolute paths are shortened to their last part, and addresses lose
user, password and query, in logs and pages too.
"""

import argparse
from pathlib import Path

from batchscope.common.errors import run_script
from batchscope.results.anonymised_copy import share


def main() -> None:
    """Copy, and say how much it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write; it may hold other files")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of the results")
    args = parser.parse_args()
    files = share(args.results, args.out)
    size = sum(file.stat().st_size for file in files)
    measured = sum(file.name == "measurement.json" for file in files)
    print(f"{measured} measurements: {len(files)} files, {size / 1e6:.1f} MB in {args.out}")


if __name__ == "__main__":
    run_script(main)
