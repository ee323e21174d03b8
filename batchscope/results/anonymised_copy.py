"""A copy of the results for others: all that was measured, tables and plots, without this machine's names."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from batchscope.common.atomic_files import replacing, write_text
from batchscope.common.errors import UserError

MEASUREMENTS = ("measurement.json", "environment.json", "bench.json", "*.parquet")
PARTS = {
    "runs/*/*": MEASUREMENTS,
    "serving/*/*": MEASUREMENTS,
    "profiles/*/*/*": ("window.json", "memory.json", "environment.json", "*.parquet", "*.csv", "*.txt"),
    "labels": ("*.parquet",),
    "tables": ("*.md", "*.csv"),
    "plots": ("*.png", "*.svg"),
}
"""What is copied: files, by the folders that hold them. Neither prompts, which hold the texts, nor traces.

Labels are numbers of texts with the gold label and the answer's; the texts are not among them.
"""

LINK = re.compile(r"^- \[[^\]]*\]\((\.\./[^)]+)\)\n", re.MULTILINE)
"""A page's line that links a file of the results."""

PATH = re.compile(r"(?<![\w/:.])/(?:[\w.@+-]+/)+([\w.@+-]+)")
"""An absolute path in a text, such as the end of a failed run's log; no URL, and no unit such as tokens/s."""


def share(results: Path, out: Path) -> list[Path]:
    """Copy what `PARTS` names, and config.json, and return the copies' paths.

    Raises:
        UserError: there are no results, or ``out`` holds some already: they are never mixed.
    """
    files = sorted(_files(results))
    if not any(file.name == "measurement.json" for file in files):
        raise UserError(f"{results}: no measurement is there; run snakemake --cores 1 all first")
    for name in sorted({file.relative_to(results).parts[0] for file in files}):
        if (out / name).exists():
            raise UserError(f"{out / name}: is there already; remove it, or name another folder")
    copies = [_copy(file, out / file.relative_to(results)) for file in files]
    for page in out.glob("tables/*.md"):
        _leave_out_dead_links(page)
    return copies


def _files(results: Path) -> Iterator[Path]:
    for folders, names in PARTS.items():
        for folder in results.glob(folders):
            for name in names:
                yield from folder.glob(name)
    yield from results.glob("config.json")


def _copy(file: Path, to: Path) -> Path:
    if file.suffix == ".json":
        value = without_names_of_machine(json.loads(file.read_text(encoding="utf-8")))
        write_text(to, json.dumps(value, indent=1) + "\n")
    elif file.suffix in (".md", ".csv", ".txt"):
        write_text(to, PATH.sub(r"\1", file.read_text(encoding="utf-8")))
    else:
        with replacing(to) as path:
            shutil.copyfile(file, path)
    return to


def _leave_out_dead_links(page: Path) -> None:
    """Traces and the like are linked by pages, and stay here."""
    text = page.read_text(encoding="utf-8")
    write_text(page, LINK.sub(lambda link: link[0] if (page.parent / link[1]).exists() else "", text))


def without_names_of_machine(value: Any) -> Any:
    """The same JSON value without host names, and with each absolute path shortened to its last part."""
    if isinstance(value, dict):
        return {key: without_names_of_machine(part) for key, part in value.items() if key != "hostname"}
    if isinstance(value, list):
        return [without_names_of_machine(part) for part in value]
    if isinstance(value, str):
        # a value that is nothing but a path may have spaces in it
        return Path(value).name if re.match(r"/\S", value) and "\n" not in value else PATH.sub(r"\1", value)
    return value
