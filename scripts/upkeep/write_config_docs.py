"""Write config.yaml and config.schema.json from the models of the configuration in batchscope/config/."""

import argparse
from pathlib import Path
from typing import Any

import yaml

from batchscope.common.errors import UserError, run_script
from batchscope.config.configuration import load_config
from batchscope.config.documented.documentation import documented_yaml, json_schema, outdated, replaced_values

ROOT = Path(__file__).resolve().parents[2]
KEEP = "python -m scripts.upkeep.write_config_docs --keep-values"


def main() -> None:
    """Write both files, or with --check say whether they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail when keys or comments of config.yaml, or the schema, are out of date",
    )
    how.add_argument("--keep-values", action="store_true", help="leave the values of config.yaml as they are")
    args = parser.parse_args()
    configuration, schema = ROOT / "config.yaml", ROOT / "config.schema.json"
    if args.check:
        check(_text_of(configuration), _text_of(schema))
        return
    kept = _values_of(configuration) if args.keep_values else {}
    write(configuration, documented_yaml(load_config(kept)))
    write(schema, json_schema())


def check(configuration: str, schema: str) -> None:
    """Compare the text of both files with the models.

    Raises:
        UserError: says what is out of date, and how to write it again.
    """
    if wrong := outdated(configuration):
        raise UserError(
            f"config.yaml: missing, or under another comment than in batchscope/config/: {', '.join(wrong)}; "
            f"run `{KEEP}`"
        )
    if schema != json_schema():
        raise UserError(f"config.schema.json is not what batchscope/config/ says; run `{KEEP}`")


def write(path: Path, text: str) -> None:
    """Write a file that is out of date, and name the values that it had otherwise."""
    before = _text_of(path)
    if before == text:
        return
    path.write_text(text, encoding="utf-8")
    print(f"wrote {path.name}")
    if path.suffix == ".yaml" and before:
        for line in replaced_values(before, text):
            print(f"  was {line}")


def _values_of(path: Path) -> Any:
    try:
        return yaml.safe_load(_text_of(path)) or {}
    except yaml.YAMLError as error:
        raise UserError(f"{path.name}: not YAML: {error}") from None


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    run_script(main)
