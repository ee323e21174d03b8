"""Measure again the runs that failed: out of memory, engine died, timed out, not accepted, files damaged.

Other arguments go to Snakemake.

The configuration is the one of the last call (results/config.json) unless --configfile gives another. `plan`
is such a call too.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from batchscope.common.atomic_files import read_json
from batchscope.common.errors import UserError, run_script
from batchscope.config.configuration import Config, load_config
from batchscope.results.configured_runs import held_against
from batchscope.results.intact.measurement_folder import DamagedError
from batchscope.results.loads.points import Served
from batchscope.results.records import Measurement, load_measured
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.run import Run
from batchscope.studies.starts import with_starts

DEFAULTS = Path(__file__).resolve().parents[1] / "config.yaml"


def main() -> None:
    """Find the failed runs and hand them to Snakemake."""
    # --config is Snakemake's, and no short form of --configfile
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of the results")
    parser.add_argument("--configfile", type=Path, nargs="+", default=[], help="as for snakemake")
    args, others = parser.parse_known_args()
    overlays = args.configfile or [args.results / "config.json"]
    failed = failed_runs(args.results, configuration(overlays))
    if not failed:
        print(nothing_to_retry(args.results))
        return
    print(f"measuring again: {', '.join(path.parent.name for path in failed)}", flush=True)
    # Targets first: options that take lists would swallow them.
    command = ["snakemake", "--cores", "1", "all", "--forcerun", *map(str, failed)]
    command += ["--configfile", *map(str, overlays), *others]
    os.execv(sys.executable, [sys.executable, "-m", *command])  # noqa: S606, no shell


def configuration(overlays: Sequence[Path]) -> Config:
    """The configuration of a call of Snakemake with these files.

    Raises:
        UserError: one is missing or wrong.
    """
    values: dict[str, Any] = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    for path in overlays:
        if not path.exists():
            raise UserError(f"{path}: not there; run snakemake --cores 1 all first")
        update_config(values, load_configfile(str(path)))
    return load_config(values)


def failed_runs(results: Path, config: Config) -> list[Path]:
    """The measurement.json of each run and load point of a configuration that has to be measured again.

    It did not end well; or its folder is damaged, or holds what the configuration does not ask for.
    """
    folders = {results / "runs" / run.id: run for run in with_starts(expand_studies(config))}
    folders |= {results / "serving" / run.id: run for run in expand_serving(config)}
    paths = {folder / "measurement.json": run for folder, run in folders.items()}
    return [path for path, run in paths.items() if failed(path) or unusable(path, run, config)]


def failed(measurement: Path) -> bool:
    """Whether a run is there that did not end well; one that does not fit would not fit again."""
    return (read_json(measurement) or {}).get("status", "ok") not in ("ok", "unfit")


def unusable(measurement: Path, run: Run, config: Config) -> bool:
    """Whether a run is there that tables cannot use as it is."""
    kind = Served if run.load else Measurement
    try:
        found = load_measured(measurement.parent, kind)
        counted = held_against(found, measurement.parent, run, config)
    except DamagedError:
        return measurement.exists()
    return counted is not found


def nothing_to_retry(results: Path) -> str:
    """What to say, and whether runs of another configuration failed: `plan`, too, is a last call."""
    kinds = [(results / "runs", ""), (results / "serving", "serving/")]
    others = [
        f"{before}{path.parent.relative_to(folder)}"
        for folder, before in kinds
        for path in sorted(folder.glob("*/*/measurement.json"))
        if failed(path)
    ]
    if not others:
        return "nothing to retry: no run failed"
    return (
        "nothing to retry: no run of this configuration failed. Of others these did: "
        f"{', '.join(others)}; name their overlay with --configfile"
    )


if __name__ == "__main__":
    run_script(main)
