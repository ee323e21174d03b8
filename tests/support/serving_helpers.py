"""Load points as the server leaves them, written by hand, for tests that start none."""

import json
from pathlib import Path

import pandas as pd
from support.project import ROOT

from batchscope.common.schemas import CLIENT
from batchscope.config.configuration import Config, load_config
from batchscope.results.published.serving import load_published

PUBLISHED = load_published(ROOT / "docs" / "reference" / "h800" / "serving.csv")


def requests(*rows: tuple, sent: float = 0.1) -> pd.DataFrame:
    """Rows of client.parquet from (output tokens, TTFT, ITLs) in seconds; a TTFT of None is a failure."""
    return pd.DataFrame(
        [
            {
                "request": number, "prompt": number, "prompt_tokens": 100, "output_tokens": tokens,
                "sent_s": sent * number, "queued_s": 0.0, "ttft_s": ttft,
                "e2el_s": None if ttft is None else ttft + sum(itls), "itls_s": itls, "text": "",
                "error": "Bad Request" if ttft is None else None,
            }
            for number, (tokens, ttft, itls) in enumerate(rows)
        ],
        columns=CLIENT.names,
    )  # fmt: skip


def configured(**serving) -> Config:
    return load_config({"serving": serving})


PUBLISHED_MODEL = {"source": "hub", "id": "NousResearch/Hermes-3-Llama-3.1-8B", "load_format": "dummy"}


def written(
    folder: Path,
    rows: pd.DataFrame,
    load: dict,
    workload: dict,
    *,
    model: dict | None = None,
    tokens: int = 100,
    **values,
) -> Path:
    """A load point as `scripts.serve` writes it; ``tokens``: of each prompt, by the prompt file."""
    point = {
        "schema": 1, "study": "mine", "run": folder.name, "status": "ok", "message": "",
        "spec": {
            "workload": workload, "engine": {"model": "demo", "environment": "cpu", "args": {}, "variables": {}},
            "model": model or {"source": "demo"}, "load": load, "measure": {"warmup_tokens": 0}, "versions": {},
        },
        "prompts": {
            "id": "p", "sha256": "0", "prompts": len(rows), "prompt_tokens": tokens * len(rows), "labels": 1,
            "longest_prompt": {"tokens": 100},
        },
        "repeats": [
            {
                "started_at": 0, "seconds": 10.0, "requests": int(rows["error"].isna().sum()),
                "prompt_tokens": int(rows["prompt_tokens"].sum()),
                "output_tokens": int(rows["output_tokens"].sum()),
            }
        ],
        "client": {"cpu_share": 0.1, "lag_median_s": 0.0001, "lag_p99_s": 0.001, "lag_max_s": 0.01},
        "invalid": [],
    } | values  # fmt: skip
    environment = {
        "measured_at": "2026-01-01T00:00:00+00:00", "device": "cpu", "cpu": {"model": "X", "cores": 2},
        "fingerprint": "f", "versions": {},
    }  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "measurement.json").write_text(json.dumps(point))
    (folder / "environment.json").write_text(json.dumps(environment))
    rows.to_parquet(folder / "client.parquet")
    return folder


def lasted(folder: Path, rows: pd.DataFrame, load: dict, workload: dict) -> Path:
    """The same of a load that ended with its last answer."""
    done = rows[rows["error"].isna()]
    repeat = {
        "started_at": 0, "seconds": float((done["sent_s"] + done["e2el_s"]).max()), "requests": len(done),
        "prompt_tokens": int(rows["prompt_tokens"].sum()), "output_tokens": int(rows["output_tokens"].sum()),
    }  # fmt: skip
    return written(folder, rows, load, workload, repeats=[repeat])
