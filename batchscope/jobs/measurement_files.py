"""A run's results as files: ``measurement.json``, ``environment.json`` and Parquet; see docs/files.md."""

import json
import os
import platform
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from batchscope.common.atomic_files import replacing
from batchscope.common.errors import UserError
from batchscope.common.schemas import CLIENT, HARDWARE, REQUESTS, STEPS
from batchscope.common.seal import SEALED_SCHEMA, sealed
from batchscope.jobs.inherited_variables import with_inherited

ROOT = Path(__file__).resolve().parents[2]
LOG_TAIL = 30
"""Lines of the engine's log that a failed run keeps."""


@dataclass(frozen=True)
class Kind:
    """The files of a measured run, beside measurement.json and environment.json."""

    tables: dict[str, pa.Schema]
    """columns of each Parquet file, by its name without ``.parquet``"""
    texts: tuple[str, ...] = ()
    """names of JSON files"""

    @property
    def files(self) -> list[str]:
        """All files beside measurement.json."""
        return [*(f"{name}.parquet" for name in self.tables), *self.texts, "environment.json"]


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


def no_engine(spec: Mapping[str, Any]) -> dict[str, Any]:
    """environment.json of a run for which no engine was asked: nothing was measured, so no fingerprint."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "hostname": socket.gethostname(),
        "device": spec["device"],
        "gpu": None,
        "cpu": {"model": platform.machine(), "cores": len(os.sched_getaffinity(0))},
        "python": platform.python_version(),
        "versions": spec["versions"],
        "fingerprint": "",
    }


def architecture(model: Path) -> dict[str, Any]:
    """What config.json in a model's folder says of its shape: all numbers and words, and ``layer_types``."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    plain = {key: value for key, value in config.items() if isinstance(value, int | float | str)}
    return plain | {key: config[key] for key in ("layer_types",) if config.get(key)}


def publish(
    measurement: dict[str, Any], kind: Kind, scratch: Path, out: Path, inherited: Mapping[str, str]
) -> None:
    """Write a run's results, measurement.json and its seal last, so that a reader never sees half of them.

    Args:
        measurement: its content, ``study`` and ``run`` in it.
        kind: what else it leaves; empty where it failed.
        scratch: holds environment.json, and what else there is of a run that was measured.
        out: ``results/runs/{study}/{run}`` or ``results/serving/{study}/{run}``; a copy goes to `history_of`.
        inherited: the caller's variables that the engine got.
    """
    complete(measurement, kind, scratch, inherited)
    # Snakemake removes a result before it is made again. The history keeps what a failed rerun would lose.
    history = history_of(out) / datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    files = [*kind.files, "measurement.json"]
    try:
        for folder in (history, out):
            for file in files:
                with replacing(folder / file) as path:
                    shutil.copyfile(scratch / file, path)
    except UserError as error:
        raise UserError(f"{error}\n  {rescued(scratch, files, out)}") from None


def complete(measurement: dict[str, Any], kind: Kind, scratch: Path, inherited: Mapping[str, str]) -> None:
    """Make all files of a measurement in ``scratch``, as `publish` has them, sealed."""
    described = scratch / "environment.json"
    environment = with_inherited(json.loads(described.read_text()), inherited)
    described.write_text(json.dumps({**environment, "git_commit": git_commit()}, indent=1) + "\n")
    if measurement["status"] != "ok":
        for name, schema in kind.tables.items():
            pq.write_table(schema.empty_table(), scratch / f"{name}.parquet")
        for name in kind.texts:
            (scratch / name).write_text("{}\n")
    whole = sealed({"schema": SEALED_SCHEMA, **measurement}, scratch, kind.files)
    (scratch / "measurement.json").write_text(json.dumps(whole, indent=1) + "\n")


def rescued(scratch: Path, files: Sequence[str], out: Path) -> str:
    """Keep a measurement that cannot be published where it was made, and say where and what to do."""
    kept = Path(tempfile.mkdtemp(prefix="batchscope-kept-"))
    for file in files:
        shutil.move(scratch / file, kept / file)  # on the same disk: takes no room
    return f"The measurement is kept in {kept}: make room, then `mkdir -p {out} && cp {kept}/* {out}`"


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
