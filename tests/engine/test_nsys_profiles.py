"""A profile by Nsight Systems of the real engine."""

import json
import os
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from support.project import ROOT, Project

from batchscope.common.answer_limits import exactly
from batchscope.profiling.capture import CaptureJob
from batchscope.profiling.kernel_classes import CLASSES
from batchscope.profiling.nsys import find_nsys, record, report_environment
from batchscope.profiling.schemas import EVENTS, STEPS

needs_nsys = pytest.mark.nsys

ENGINE_PYTHON = str(ROOT / ".engines" / "cpu" / "bin" / "python")

PAIR = {
    "studies": {
        "packing": None,
        "saturation": {
            "set": {"layout": "packed", "texts": 120},
            "grid": {"n": [8]},
            "include": [{"layout": "separate", "n": 1}],
        },
    },
    "profile": {
        "runs": ["saturation/packed-n8", "saturation/separate-n1"],
        "steps": 3,
        "profilers": ["nsys"],
    },
}


@pytest.mark.long
@pytest.mark.engine
@needs_nsys
def test_packed_and_separate_are_parsed_into_the_tables_of_every_profiler(prepared: Project) -> None:
    outcome = prepared.snakemake("profile", config=PAIR)
    assert outcome.status == 0, outcome.text
    assert not (prepared.results / "runs").exists()
    for run in ("packed-n8", "separate-n1"):
        folder = prepared.results / "profiles" / "saturation" / run / "nsys"
        events, steps = (pq.read_table(folder / f"{name}.parquet") for name in ("events", "steps"))
        assert events.schema.equals(EVENTS)
        assert steps.schema.equals(STEPS)
        window = json.loads((folder / "window.json").read_text())
        work = pd.DataFrame(window["work"])
        for tokens in ("prefill_tokens", "decode_tokens"):
            assert steps[tokens].to_pylist() == work[tokens].tolist()  # the steps that were planned
        assert f"overhead {window['overhead']:+.1%}" in outcome.text
        assert window["capture_bytes"] < 200e6
        names = set(events["name"].to_pylist())
        assert {"_C::onednn_mm", "vllm::unified_attention_with_output", "_C::greedy_argmax"} <= names
        assert set(events["kind"].to_pylist()) == {"operator", "osrt"}
        assert len(set(events["stream"].to_pylist())) == 1  # the worker's main thread
        assert {path.name for path in folder.glob("window*")} == {
            "window.json", "window.nsys-rep", "window.sqlite", "window_nvtx_sum.csv", "window_osrt_sum.csv",
        }  # fmt: skip
    summary = pd.read_csv(prepared.results / "tables" / "profiles.csv")
    for _, rows in summary.groupby("run"):
        assert rows["class"].tolist() == list(CLASSES)
        assert rows["share"].sum() == pytest.approx(1, abs=1e-12)
        assert rows.set_index("class").loc[["GEMM", "attention", "sampling"], "seconds"].gt(0).all()
    page = (prepared.results / "tables" / "profiles.html").read_text()
    assert page.count("window.nsys-rep") >= 2


def job(folder: Path, timeout_s: float = 120) -> CaptureJob:
    return CaptureJob(
        python=ENGINE_PYTHON, device="cpu", gpus=[], model="", asset={}, args={}, variables={}, prompts="",
        answers=exactly(1, 1).as_json(), steps=1, out=folder, log=folder / "log",
        timeout_s=timeout_s,
    )  # fmt: skip


def run(program: str, folder: Path, timeout_s: float = 120, **variables: str) -> None:
    """A program under the real nsys."""
    env = report_environment({**os.environ, **variables}, {})
    record(find_nsys(), [ENGINE_PYTHON, "-c", program], job(folder, timeout_s), env)
