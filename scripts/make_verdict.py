"""Write the verdict of all studies: the setting to use, how sure that is, and what to do next."""

import argparse
import json
from pathlib import Path

from batchscope.common.errors import run_script
from batchscope.config.configuration import load_config
from batchscope.verdict.report import write_verdict


def main() -> None:
    """Read tables and labels, and write verdict.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True, help="folder of results, with config.json")
    parser.add_argument("--out", type=Path, required=True, help="verdict.json to write")
    args = parser.parse_args()
    config = load_config(json.loads((args.results / "config.json").read_text(encoding="utf-8")))
    found = write_verdict(config, args.results, args.out)
    print(f"verdict on {len(found.settings)} runs in {args.out}")


if __name__ == "__main__":
    run_script(main)
