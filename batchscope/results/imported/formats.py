"""Formats of result files.

A new one is a module with ``recognises`` and ``rows``, an entry here, and its name in `ImportFormat`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchscope.config.imported import ImportedFile
from batchscope.config.reading.messages import shortened
from batchscope.results.imported import aiperf, guidellm, vllm_serve, vllm_throughput
from batchscope.results.imported.figures import THROUGHPUTS, Figures
from batchscope.results.imported.result_file import read_content, refuse


@dataclass(frozen=True)
class Format:
    """One kind of result file."""

    tool: str
    """what wrote it"""
    serves: bool
    """whether it is of a load on a server"""
    recognises: Callable[[Any], bool]
    rows: Callable[[Any], list[Figures]]
    writes: str
    """how one comes to such a file"""
    refusal: Callable[[Any], str | None] = lambda content: None
    """why this version of the format cannot be read; None where it can"""


FORMATS = {
    "vllm_throughput": Format(
        "vllm bench throughput",
        False,
        vllm_throughput.recognises,
        vllm_throughput.rows,
        "vllm bench throughput --output-json FILE",
    ),
    "vllm_serve": Format(
        "vllm bench serve",
        True,
        vllm_serve.recognises,
        vllm_serve.rows,
        "vllm bench serve --save-result",
    ),
    "guidellm": Format(
        "GuideLLM",
        True,
        guidellm.recognises,
        guidellm.rows,
        "the JSON report of GuideLLM",
        guidellm.refusal,
    ),
    "aiperf": Format(
        "AIPerf",
        True,
        aiperf.recognises,
        aiperf.rows,
        "profile_export_aiperf.json or .csv of AIPerf",
        aiperf.refusal,
    ),
}
"""By what ``imported.NAME.format`` says."""


@dataclass(frozen=True)
class Imported:
    """A result file, read."""

    name: str
    """that of its entry in the configuration"""
    file: ImportedFile
    format: Format
    rows: list[Figures]


def read_imported(name: str, file: ImportedFile) -> Imported:
    """Read one.

    Raises:
        UserError: there is no such file, it is of no known format or of another one than the configuration
            says, or it holds no figures.
    """
    path, key = Path(file.path).expanduser(), f"imported.{name}"
    content = read_content(path, f"{key}.path")
    chosen = _format_of(content, file, path, key)
    if why := chosen.refusal(content):
        refuse(f"{key}.path", f"{path} {why}", "write it again with another version of the tool")
    rows = [row for row in chosen.rows(content) if any(getattr(row, rate) for rate in THROUGHPUTS)]
    if not rows:
        what = f"{path} is a file of {chosen.tool}, and holds no throughput: no request was answered"
        refuse(f"{key}.path", what, "name the file of a run that ended")
    return Imported(name, file, chosen, rows)


def _format_of(content: Any, file: ImportedFile, path: Path, key: str) -> Format:
    found = [name for name, each in FORMATS.items() if each.recognises(content)]
    if file.format in found:
        return FORMATS[file.format]
    if not found:
        known = " / ".join(each.writes for each in FORMATS.values())
        what = f"{path} is of no known format ({_looks(content)})"
        refuse(f"{key}.path", what, f"name a file of one of these: {known}")
    if file.format != "auto":
        what = f"{path} is no file of {FORMATS[file.format].tool}, but of {FORMATS[found[0]].tool}"
        refuse(f"{key}.format", what, f"write {found[0]} or auto")
    return FORMATS[found[0]]


def _looks(content: Any) -> str:
    """What is in the place of figures."""
    if isinstance(content, dict):
        keys = ", ".join(shortened(str(key)) for key in list(content)[:5])
        return f"its first keys: {keys}" if keys else "it has no keys"
    first = content[0] if content else ""
    return f"it begins with {shortened(repr(first))}"
