"""Write config.yaml and config.schema.json from the models in batchscope/config/configuration.py."""

import argparse
from pathlib import Path

from batchscope.common.errors import UserError, run_script
from batchscope.config.documentation import default_yaml, json_schema

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Write both files, or with --check say whether they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is out of date")
    args = parser.parse_args()
    for name, text in (("config.yaml", default_yaml()), ("config.schema.json", json_schema())):
        path = ROOT / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if args.check:
            raise UserError(f"{name} is not what batchscope/config/configuration.py says; run `make config`")
        path.write_text(text, encoding="utf-8")
        print(f"wrote {name}")


if __name__ == "__main__":
    run_script(main)
