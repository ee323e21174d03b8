"""Measure again the runs that failed: out of memory, engine died, timed out. Other arguments go to Snakemake.

The configuration is the one of the last call (results/config.json) unless --configfile gives another.
"""

import argparse
import os
import sys
from pathlib import Path

from batchscope.common.atomic_files import read_json
from batchscope.common.errors import UserError, run_script
from batchscope.config.configuration import load_config
from batchscope.studies.grid import expand_serving, expand_studies


def main() -> None:
    """Find the failed runs and hand them to Snakemake."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of the results")
    args, others = parser.parse_known_args()
    failed = failed_runs(args.results)
    if not failed:
        print("nothing to retry: no run failed")
        return
    print(f"measuring again: {', '.join(path.parent.name for path in failed)}", flush=True)
    configuration = [] if "--configfile" in others else ["--configfile", str(args.results / "config.json")]
    # Targets first: options that take lists would swallow them.
    command = ["snakemake", "--cores", "1", "all", "--forcerun", *map(str, failed), *configuration, *others]
    os.execv(sys.executable, [sys.executable, "-m", *command])  # noqa: S606, no shell


def failed_runs(results: Path) -> list[Path]:
    """The measurement.json of each run and load point of the last call that did not end well.

    Raises:
        UserError: the workflow has not run yet.
    """
    values = read_json(results / "config.json")
    if values is None:
        raise UserError(f"{results / 'config.json'}: not there; run snakemake --cores 1 all first")
    config = load_config(values)
    folders = [results / "runs" / run.id for run in expand_studies(config)]
    folders += [results / "serving" / run.id for run in expand_serving(config)]
    paths = [folder / "measurement.json" for folder in folders]
    # one that does not fit would not fit again
    well = ("ok", "unfit")
    return [path for path in paths if (read_json(path) or {"status": "ok"})["status"] not in well]


if __name__ == "__main__":
    run_script(main)
