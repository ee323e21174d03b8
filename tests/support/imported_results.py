"""Result files of other benchmarks (tests/support/result_files), and runs of ours to stand beside them."""

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
from support.project import ROOT

from batchscope.reports.imported.ours import COLUMNS

FILES = ROOT / "tests" / "support" / "result_files"


def content_of(name: str) -> Any:
    """What one of them holds, as `read_content` would give it."""
    text = (FILES / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else list(csv.reader(text.splitlines()))


def write_json(path: Path, content: Any) -> str:
    """Write a result file; its path as the configuration has it."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def ours(*rows: dict[str, Any]) -> pd.DataFrame:
    """Runs as `our_runs` has them: valid ones of the demo's model, one text a prompt, but for what a row says."""
    usual = {
        "serves": True, "valid": True, "model": "demo", "layout": "separate", "n": 1, "reuse": "none",
        "answer": "free", "requests": 100, "request_throughput": 20.0, "output_throughput": 160.0,
        "total_token_throughput": 2080.0, "texts_per_s": 20.0, "median_ttft_ms": 100.0,
    }  # fmt: skip
    return pd.DataFrame([usual | row for row in rows]).reindex(columns=list(COLUMNS)).astype(object)
