"""A copy of the results for others: all that was measured, without this machine's names and logins."""

import csv
import hashlib
import io
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from batchscope.common.atomic_files import read_json, replacing, write_text
from batchscope.common.errors import UserError
from batchscope.common.seal import is_sealed, sealed, sealed_files
from batchscope.inputs.texts.files.urls import shown
from batchscope.results.intact.measurement_folder import read_intact

MEASUREMENTS = ("measurement.json", "environment.json", "bench.json", "*.parquet")
PARTS = {
    "runs/*/*": MEASUREMENTS,
    "serving/*/*": MEASUREMENTS,
    "profiles/*/*/*": ("window.json", "memory.json", "environment.json", "*.parquet", "*.csv", "*.txt"),
    "gemm": ("*.json", "*.parquet"),
    "labels": ("*.parquet",),
    "tables": ("*.md", "*.csv"),
    "plots": ("*.png", "*.svg"),
}
"""What is copied: files, by the folders that hold them. Neither prompts, which hold the texts, nor traces.

Labels are numbers of texts with the gold label and the answer's; the texts are not among them.
"""

KEPT_LAST = ("measurement.json", "window.json", "memory.json")
"""The file of each measurement that has its seal."""

LINK = re.compile(r"^- \[[^\]]*\]\((\.\./[^)]+)\)\n", re.MULTILINE)
"""A page's line that links a file of the results."""

PATH = re.compile(r"(?<![\w/.~])/(?:[\w.@+~-]+/)+([\w.@+-]+)")
"""An absolute path in a text, such as the end of a failed run's log; no URL, and no unit such as tokens/s."""

URL = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]*)://[^\s\"'<>()]*")
"""An address in a text."""

IP = re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.]*\w)")
"""An address of a host (IPv4) in a text."""

TELLING = 6
"""Characters that a name or a value must have to be looked for in texts: a shorter one is in any word."""

HIDDEN = re.compile(r"hidden [0-9a-f]{6}")
"""What stands for a hidden value; in the copy of a copy it stays."""

VARIABLES = "engine.variables"
"""The configuration's key of environment variables, which may be anything, logins too."""

Value = Any
"""A JSON value."""


class Anonymiser:
    """Takes out of texts and JSON values what tells of a machine, a user or a login."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """``names``: hosts and values that must stand nowhere."""
        telling = sorted({name for name in names if len(name) >= TELLING}, key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, telling))) if telling else None
        self._home = str(Path.home())

    def text(self, text: str) -> str:
        """A text with shortened addresses and paths, and without the names."""
        text = URL.sub(_public, text)
        if len(self._home) >= TELLING:  # paths in it may have blanks, and a user's name is in it alone
            text = text.replace(self._home, "/~/~")
        text = IP.sub("(address)", PATH.sub(r"\1", text).replace("/~/~", "~"))
        return self._names.sub("(hidden)", text) if self._names else text

    def value(self, value: Value, key: str = "") -> Value:
        """A JSON value without host names and values of variables, its texts as `text` has them."""
        if _holds_variables(key):
            return _hidden(value)
        if isinstance(value, dict):
            return {name: self.value(part, name) for name, part in value.items() if name != "hostname"}
        if isinstance(value, list):
            return [self.value(part) for part in value]
        if isinstance(value, str):
            # a value that is nothing but a path may have spaces in it
            is_path = re.match(r"(/|~|\.\.)\S*", value) and "\n" not in value and " /" not in value
            return self.text(Path(value).name if is_path else value)
        return value


def _public(found: re.Match[str]) -> str:
    """An address without user, password, query and, for a file, folders."""
    url = found[0]
    return Path(url).name if found[1].lower() == "file" else shown(url)


def _holds_variables(key: str) -> bool:
    return key == "variables" or key.startswith(f"{VARIABLES}.")


def _hidden(value: Value) -> Value:
    """The same with a short hash in the place of each value, so that unlike ones stay unlike."""
    if isinstance(value, dict):
        return {name: _hidden(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_hidden(part) for part in value]
    if value is None or _is_hidden(value):
        return value
    return f"hidden {hashlib.sha256(str(value).encode()).hexdigest()[:6]}"


def _is_hidden(value: Value) -> bool:
    return isinstance(value, str) and HIDDEN.fullmatch(value) is not None


def secrets_in(value: Value, key: str = "") -> Iterator[str]:
    """Host names, and values of variables, in a JSON value."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from secrets_in(part, key if _holds_variables(key) else name)
    elif isinstance(value, list):
        for part in value:
            yield from secrets_in(part, key)
    elif value is not None and (_holds_variables(key) or key == "hostname") and not _is_hidden(value):
        yield str(value)


def share(results: Path, out: Path) -> list[Path]:
    """Copy what `PARTS` names, and config.json, and return the copies' paths.

    Raises:
        UserError: there are no results; one is damaged; or ``out`` holds some already: they are never mixed.
    """
    files = sorted(_files(results))
    if not any(file.name == "measurement.json" for file in files):
        raise UserError(f"{results}: no measurement is there; run snakemake --cores 1 all first")
    for name in sorted({file.relative_to(results).parts[0] for file in files}):
        if (out / name).exists():
            raise UserError(f"{out / name}: is there already; remove it, or name another folder")
    for file in files:
        read_sound(file)
    known = [read_json(file) or {} for file in files if file.suffix == ".json"]
    anonymiser = Anonymiser(secret for value in known for secret in secrets_in(value))
    copies = [_copy(file, out / file.relative_to(results), anonymiser) for file in files]
    for copy in copies:
        seal_again(copy)
    for page in out.glob("tables/*.md"):
        _leave_out_dead_links(page)
    return copies


def read_sound(file: Path) -> None:
    """Refuse a damaged measurement: its copy would be sealed, and pass for a sound one.

    Raises:
        UserError: a file is not as it was written; the message names the remedy.
    """
    if file.name in KEPT_LAST:
        read_intact(file)


def seal_again(copy: Path) -> None:
    """Seal the copy of a measurement: its content differs, and some files stay behind."""
    if copy.name not in KEPT_LAST:
        return
    value = json.loads(copy.read_text(encoding="utf-8"))
    if is_sealed(value):
        there = [name for name in sealed_files(value) if (copy.parent / name).exists()]
        write_text(copy, json.dumps(sealed(value, copy.parent, there), indent=1) + "\n")


def _files(results: Path) -> Iterator[Path]:
    for folders, names in PARTS.items():
        for folder in results.glob(folders):
            for name in names:
                # a hidden one is half-written: its writer was killed
                yield from (file for file in folder.glob(name) if not file.name.startswith("."))
    yield from results.glob("config.json")


def _copy(file: Path, to: Path, anonymiser: Anonymiser) -> Path:
    if file.suffix == ".json":
        value = anonymiser.value(json.loads(file.read_text(encoding="utf-8")))
        write_text(to, json.dumps(value, indent=1) + "\n")
    elif file.suffix == ".csv":
        write_text(to, _table(file.read_text(encoding="utf-8"), anonymiser))
    elif file.suffix in (".md", ".txt"):
        write_text(to, anonymiser.text(file.read_text(encoding="utf-8")))
    else:
        with replacing(to) as path:
            shutil.copyfile(file, path)
    return to


def _table(text: str, anonymiser: Anonymiser) -> str:
    """A CSV table whose columns of variables are hidden."""
    rows = list(csv.reader(io.StringIO(text)))
    hidden = {place for place, name in enumerate(rows[0] if rows else ()) if _holds_variables(name)}
    if not hidden:
        return anonymiser.text(text)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows[1:]:
        cells = [_hidden(cell or None) if place in hidden else cell for place, cell in enumerate(row)]
        writer.writerow(cells)
    return anonymiser.text(out.getvalue())


def _leave_out_dead_links(page: Path) -> None:
    """Traces and the like are linked by pages, and stay here."""
    text = page.read_text(encoding="utf-8")
    write_text(page, LINK.sub(lambda link: link[0] if (page.parent / link[1]).exists() else "", text))
