"""A run's results as files: ``measurement.json``, ``environment.json`` and Parquet; see docs/files.md."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from batchscope.common.atomic_files import replacing
from batchscope.common.schemas import CLIENT, HARDWARE, REQUESTS, STEPS

ROOT = Path(__file__).resolve().parents[2]
SCHEMA_VERSION = 1
LOG_TAIL = 30
"""Lines of the engine's log that a failed run keeps."""


@dataclass(frozen=True)
class Kind:
    """The files of a measured run, beside measurement.json and environment.json."""

    tables: dict[str, pa.Schema]
    """columns of each Parquet file, by its name without ``.parquet``"""
    texts: tuple[str, ...] = ()
    """names of JSON files"""


RUN = Kind({"requests": REQUESTS, "steps": STEPS, "hardware": HARDWARE})
"""A run on an offline engine."""

LOAD = Kind({"client": CLIENT, "steps": STEPS, "hardware": HARDWARE}, ("bench.json",))
"""A load point: a run on a server."""


def failure(status: str, message: str, log: list[str]) -> dict[str, Any]:
    """What measurement.json says of a run that was not measured; ``status`` says how it ended."""
    return {
        "status": status,
        "message": message,
        "log_tail": log[-LOG_TAIL:],
        "warmup": [],
        "repeats": [],
        "invalid": [],
    }


def architecture(model: Path) -> dict[str, Any]:
    """What config.json in a model's folder says of its shape: all numbers and words, and ``layer_types``."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    plain = {key: value for key, value in config.items() if isinstance(value, int | float | str)}
    return plain | {key: config[key] for key in ("layer_types",) if config.get(key)}


def publish(measurement: dict[str, Any], kind: Kind, scratch: Path, out: Path) -> None:
    """Write a run's results, measurement.json last, so that a reader never sees half of them.

    Args:
        measurement: its content, ``study`` and ``run`` in it.
        kind: what else it leaves; empty where it failed.
        scratch: holds environment.json, and what else there is of a run that was measured.
        out: ``results/runs/{study}/{run}`` or ``results/serving/{study}/{run}``; a copy goes to `history_of`.
    """
    described = scratch / "environment.json"
    environment = json.loads(described.read_text())
    described.write_text(json.dumps({**environment, "git_commit": git_commit()}, indent=1) + "\n")
    if measurement["status"] != "ok":
        for name, schema in kind.tables.items():
            pq.write_table(schema.empty_table(), scratch / f"{name}.parquet")
        for name in kind.texts:
            (scratch / name).write_text("{}\n")
    text = json.dumps({"schema": SCHEMA_VERSION, **measurement}, indent=1)
    (scratch / "measurement.json").write_text(text + "\n")
    # Snakemake removes a result before it is made again. The history keeps what a failed rerun would lose.
    history = history_of(out) / datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    tables = [f"{name}.parquet" for name in kind.tables]
    for folder in (history, out):
        for file in (*tables, *kind.texts, "environment.json", "measurement.json"):
            with replacing(folder / file) as path:
                shutil.copyfile(scratch / file, path)


def history_of(out: Path) -> Path:
    """The folder that keeps a copy of every measurement of a run; ``out``: the folder of its results.

    ``results/runs/{study}/{run}`` has ``results/history/{study}/{run}``, and
    ``results/serving/{study}/{run}`` has ``results/history/serving/{study}/{run}``.
    """
    kind, study, run = out.parts[-3:]
    history = out.parents[2] / "history"
    return (history if kind == "runs" else history / kind) / study / run


def git_commit() -> str | None:
    """The commit of this checkout, with ``-dirty`` where tracked files differ from it."""
    described = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or None
