"""Matrix products on the engine's Python, on CPU: dense kernels run, all others say why they do not."""

import json
import subprocess

import pandas as pd
import pytest
from support.project import ROOT, Project

GEMM = {"gemm": {"models": ["demo"], "tokens": [16, 48], "repeats": 3, "sample_s": 0.001}}
DENSE = {"dense float32", "dense bfloat16"}
LAYERS = ["qkv", "o", "gate_up", "down"]


@pytest.mark.engine
def test_products_of_the_demos_model_are_timed_and_shown(prepared: Project) -> None:
    outcome = prepared.snakemake("gemm", config=GEMM)
    assert outcome.status == 0, outcome.text
    assert outcome.rules["measure_gemm"] == 1
    assert not outcome.measured, "no engine is asked for this"
    found = json.loads((prepared.results / "gemm" / "demo.json").read_text())
    rows = pd.DataFrame(found["rows"])
    assert rows["layer"].drop_duplicates().tolist() == LAYERS
    assert set(rows.loc[rows["refused"].isna(), "kernel"]) == DENSE
    ran, refused = rows[rows["kernel"].isin(DENSE)], rows[~rows["kernel"].isin(DENSE)]
    assert (refused["refused"] == "it needs a GPU").all()
    assert all(len(times) == 3 and min(times) > 0 for times in ran["seconds"])
    errors = ran.groupby("kernel")["error"].max()
    assert errors["dense float32"] < 1e-6
    assert 1e-4 < errors["dense bfloat16"] < 1e-2, "bfloat16 has 8 bits"
    assert all(0.3 < share < 0.4 for share in found["pruning"].values()), (
        "half of normal weights, the smaller ones"
    )
    kept = pd.read_parquet(prepared.results / "gemm" / "demo.parquet")
    assert len(kept) == len(LAYERS) * 2 * len(DENSE) * 3

    page = (prepared.results / "tables" / "gemm.md").read_text()
    assert "no 2:4 kernel ran here" in page
    assert "2:4 fp8, torchao CUTLASS" in page
    assert (prepared.results / "plots" / "gemm.svg").stat().st_size
    assert not prepared.snakemake("gemm", config=GEMM).rules["measure_gemm"], "it is up to date"


BROKEN = """
import json
from batchscope.worker.gemm import kernels, products

def breaks(operands):
    def call(number):
        calls.append(number)
        if len(calls) > good:
            raise RuntimeError("CUDA error: an illegal memory access was encountered\\nsecond line")
        return operands.tokens @ operands.pruned.t()
    return kernels.Ready(call)

products.KERNELS = (*kernels.KERNELS[:2], kernels.Kernel("broken", "bfloat16", True, breaks, False))
shape = {"layer": "o", "outputs": 32, "inputs": 32}
found = {}
for name, lost, good, without in (
    ("refuses", False, 0, {}), ("poisons", True, 0, {}), ("late", False, 8, {}), ("left out", True, 0, {"broken": "why"})
):
    calls, products.is_lost = [], lambda device, lost=lost: lost
    try:
        rows = products.measure_product(shape, 16, "cpu", 3, 1e-6, without)
        found[name] = [[row["kernel"], row["refused"], len(row["seconds"])] for row in rows]
    except products.LostProcessError as error:
        found[name] = [error.kernel, error.reason]
print(json.dumps(found))
"""


@pytest.mark.engine
def test_a_kernel_that_breaks_its_process_is_named() -> None:
    """On CPU no kernel can: the check for it is told here whether one did."""
    done = subprocess.run(
        [ROOT / ".engines/cpu/bin/python", "-c", BROKEN], capture_output=True, text=True, check=True, cwd=ROOT
    )
    reason = "CUDA error: an illegal memory access was encountered"
    kept = [["dense float32", None, 3], ["dense bfloat16", None, 3]]
    assert json.loads(done.stdout) == {
        "refuses": [*kept, ["broken", reason, 0]],
        "poisons": ["broken", reason],
        "late": ["broken", reason],
        "left out": [*kept, ["broken", "why", 0]],
    }
