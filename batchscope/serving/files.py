"""A load point's results as files: ``measurement.json``, ``bench.json`` and Parquet; see docs/files.md."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from batchscope.engine.schema import HARDWARE, STEPS
from batchscope.files import replacing
from batchscope.measurement import SCHEMA_VERSION, git_commit, history_of
from batchscope.server.schema import CLIENT

RECORDS = {"client": CLIENT, "steps": STEPS, "hardware": HARDWARE}
"""Parquet files of a load point, by name."""


def publish(measurement: dict[str, Any], scratch: Path, out: Path) -> None:
    """Write a load point's results, measurement.json last, so that a reader never sees half of them.

    Args:
        measurement: its content, ``study`` and ``run`` in it.
        scratch: holds environment.json, and where it was measured bench.json and the Parquet files.
        out: ``results/serving/{study}/{run}``; a copy goes to a folder ``results/history/serving/...``.
    """
    described = scratch / "environment.json"
    environment = json.loads(described.read_text())
    described.write_text(json.dumps({**environment, "git_commit": git_commit()}, indent=1) + "\n")
    if measurement["status"] != "ok":
        (scratch / "bench.json").write_text("{}\n")
        for name, schema in RECORDS.items():
            pq.write_table(schema.empty_table(), scratch / f"{name}.parquet")
    text = json.dumps({"schema": SCHEMA_VERSION, **measurement}, indent=1)
    (scratch / "measurement.json").write_text(text + "\n")
    history = history_of(out) / datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    files = [f"{name}.parquet" for name in RECORDS]
    for folder in (history, out):
        for file in (*files, "bench.json", "environment.json", "measurement.json"):
            with replacing(folder / file) as path:
                shutil.copyfile(scratch / file, path)
