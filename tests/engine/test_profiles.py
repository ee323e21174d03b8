"""Profiles of the real engine: packed and separate captured, parsed, classed and compared; its memory."""

import json
import subprocess
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from support.project import ROOT, Project

from batchscope.common.seal import broken, is_sealed
from batchscope.profiling.kernel_classes import CLASSES
from batchscope.profiling.schemas import EVENTS, STEPS

pytestmark = pytest.mark.engine

PAIR = {
    "studies": {
        "packing": None,
        "saturation": {
            "set": {"layout": "packed", "texts": 120},
            "grid": {"n": [8]},
            "include": [{"layout": "separate", "n": 1}],
        },
    },
    "profile": {"runs": ["saturation/packed-n8", "saturation/separate-n1"], "steps": 3},
}

PAGE = {"report_profiles": 1, "profile": 1}
"""Rules that make the page of profiles, and nothing else."""


@pytest.mark.long
def test_packed_and_separate_are_profiled_and_compared(prepared: Project) -> None:
    outcome = prepared.snakemake("profile", config=PAIR)
    assert outcome.status == 0, outcome.text
    assert outcome.rules["profile_run"] == 2
    assert outcome.rules["measure"] == 0
    assert not (prepared.results / "runs").exists()  # where every table of timings looks
    assert not (prepared.results / "history").exists()

    for run in ("packed-n8", "separate-n1"):
        folder = prepared.results / "profiles" / "saturation" / run / "torch"
        events, steps = (pq.read_table(folder / f"{name}.parquet") for name in ("events", "steps"))
        assert events.schema.equals(EVENTS)
        assert steps.schema.equals(STEPS)
        window = json.loads((folder / "window.json").read_text())
        work = pd.DataFrame(window["work"])
        for tokens in ("prefill_tokens", "decode_tokens"):
            assert steps[tokens].to_pylist() == work[tokens].tolist()  # the steps that were planned
        assert steps.num_rows == 5
        assert (window["invalid"], is_sealed(window), broken(window, "window.json", folder)) == ([], True, "")
        assert window["compared_steps"] == 3
        assert window["overhead"] is not None
        assert f"overhead {window['overhead']:+.1%}" in outcome.text
        assert window["capture_bytes"] < 200e6
        names = set(events["name"].to_pylist())
        assert {"_C::onednn_mm", "_C::cpu_attention_with_kv_cache", "_C::greedy_argmax"} <= names

    tables = prepared.results / "tables"
    summary = pd.read_csv(tables / "profiles.csv")
    by_step = pd.read_csv(tables / "profiles_steps.csv")
    for run, rows in summary.groupby("run"):
        assert rows["class"].tolist() == list(CLASSES)
        assert rows["share"].sum() == pytest.approx(1, abs=1e-12)
        steps = by_step[by_step["run"] == run]
        assert len(steps) == 3
        assert steps[list(CLASSES)].sum().sum() == pytest.approx(rows["seconds"].sum(), rel=1e-9)
        assert (steps[["idle_inside", "idle_behind"]].sum(axis=1) - steps["idle"]).abs().max() < 1e-12
        assert rows.set_index("class").loc[["GEMM", "attention"], "flops_per_s"].gt(0).all()
    decoded = summary.groupby("run")["decode_tokens"].first()
    assert decoded["packed-n8"] > 0
    assert decoded["separate-n1"] == 0

    page = (tables / "profiles.html").read_text()
    links = [part.split('"')[0] for part in page.split('href="')[1:]]
    assert len(links) == 4
    assert all((tables / link).exists() for link in links)
    assert (prepared.results / "plots" / "profiles.svg").stat().st_size > 1000
    assert prepared.snakemake("profile", "--dry-run", config=PAIR).rules.total() == 0
    wording = prepared.folder / "batchscope" / "reports" / "profiles" / "page.py"
    before = wording.read_text()
    wording.write_text(before + "REMARK = True\n")
    assert prepared.snakemake("profile", "--dry-run", config=PAIR).rules == PAGE, (
        "its wording captures nothing"
    )
    wording.write_text(before)

    report = prepared.folder / "report.html"
    reported = prepared.snakemake("profile", "--report", str(report), config=PAIR)
    assert reported.status == 0, reported.text
    added = [line.split()[1] for line in prepared.snakemake_log().splitlines() if line.startswith("Adding ")]
    assert sorted(added) == ["profiles.html", "profiles.svg"]  # the captures are linked, not embedded


def test_a_run_that_is_not_there_stops_profiles_alone(project: Project) -> None:
    wrong = {**PAIR, "profile": {"runs": ["saturation/packed-n9"]}}
    outcome = project.snakemake("profile", "--dry-run", config=wrong)
    assert outcome.status == 1
    assert "error: profile.runs: no run 'saturation/packed-n9'; there are " in outcome.text
    assert "did you mean 'saturation/packed-n8'?" in outcome.text
    assert project.snakemake("all", "--dry-run", config=wrong).status == 0


KV_BYTES = 64 << 20
MEMORY = {
    "engine": {"args": {"kv_cache_memory_bytes": KV_BYTES}},
    "studies": {"packing": None},
    "profile": {"runs": ["saturation/packed-n8"], "profilers": ["memory"], "steps": 3},
}


def test_the_real_engines_memory(prepared: Project) -> None:
    outcome = prepared.snakemake("profile", config=MEMORY)
    assert outcome.status == 0, outcome.text
    assert outcome.rules["profile_run"] == 1
    assert outcome.rules["report_profiles"] == outcome.rules["measure"] == 0
    assert not (prepared.results / "runs").exists()  # where every table of timings looks

    folder = prepared.results / "profiles" / "saturation" / "packed-n8" / "memory"
    found = json.loads((folder / "memory.json").read_text())
    assert is_sealed(found)
    assert broken(found, "memory.json", folder) == ""
    figures = found["figures"]
    assert found["invalid"] == []
    assert figures["kv_cache"] == KV_BYTES
    assert figures["weights"] == parameter_bytes(prepared.results / "models" / "demo")
    frame = pd.read_csv(prepared.results / "tables" / "memory.csv").set_index("line")
    assert frame["measured_bytes"].sum() == figures["used"]
    assert frame["measured_bytes"].min() > 0
    for line in ("weights", "KV cache"):
        assert frame["predicted_bytes"][line] == frame["measured_bytes"][line]

    assert prepared.snakemake("profile", "--dry-run", config=MEMORY).rules.total() == 0
    report = prepared.folder / "report.html"
    reported = prepared.snakemake("profile", "--report", str(report), config=MEMORY)
    assert reported.status == 0, reported.text
    added = [line.split()[1] for line in prepared.snakemake_log().splitlines() if line.startswith("Adding ")]
    assert sorted(added) == ["memory.html", "memory.svg"]


def parameter_bytes(model: Path) -> int:
    """Of the same model as another library builds it, without memory for its values; in float32, as on CPU."""
    program = (
        "import sys, torch; from transformers import AutoConfig, AutoModelForCausalLM as Model\n"
        "with torch.device('meta'): model = Model.from_config(AutoConfig.from_pretrained(sys.argv[1]))\n"
        "print(sum(4 * parameter.numel() for parameter in model.parameters()))"
    )
    call = subprocess.run(
        [ROOT / ".engines/cpu/bin/python", "-c", program, model], capture_output=True, text=True, check=True
    )
    return int(call.stdout)


def test_the_profiler_is_a_choice_of_its_own(project: Project) -> None:
    both = {**MEMORY, "profile": {"runs": ["saturation/packed-n8"], "profilers": ["torch", "memory"]}}
    rules = project.snakemake("profile", "--dry-run", config=both).rules
    assert (rules["profile_run"], rules["report_profiles"], rules["report_memory"]) == (2, 1, 1)
    torch_alone = {**MEMORY, "profile": {"runs": ["saturation/packed-n8"]}}
    rules = project.snakemake("profile", "--dry-run", config=torch_alone).rules
    assert (rules["profile_run"], rules["report_profiles"], rules["report_memory"]) == (1, 1, 0)
