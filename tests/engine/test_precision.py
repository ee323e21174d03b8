"""A study of precisions on the real engine: what it takes is measured, what it does not take is a row that says so."""

import csv
from pathlib import Path

import pytest
from support.engines import measurement
from support.project import Project

from batchscope.results.faults import ROWS_ALONE

pytestmark = pytest.mark.engine

INT8 = "separate-n1-int8_per_channel_weight_only"
FP8_CACHE = "separate-n1-dtype-bfloat16-kv_cache_dtype-fp8"
BACKEND = "separate-n1-attention_backend-flash_attn"
PRECISION = {
    "studies": {
        "packing": None,
        "saturation": None,
        "precision": {
            "set": {"texts": 40, "layout": "separate", "n": 1},
            "include": [
                {"engine.dtype": "float32"},
                {"engine.dtype": "bfloat16", "engine.kv_cache_dtype": "fp8"},
                {"engine.quantization": "int8_per_channel_weight_only"},
                {"engine.attention_backend": "flash_attn"},
            ],
            "plot": {"x": "engine.quantization", "series": "n"},
        },
    }
}
NO_WIDE_VECTORS = "avx512f" not in Path("/proc/cpuinfo").read_text()


@pytest.mark.long
def test_what_the_engine_does_not_take_is_a_row_and_all_else_is_measured(prepared: Project) -> None:
    outcome = prepared.snakemake("results/tables/precision.html", "results/checked.json", config=PRECISION)
    assert outcome.status == ROWS_ALONE, outcome.text
    assert "error" not in outcome.text
    assert (
        f"precision/{INT8}" in outcome.text[outcome.text.index("not accepted by the engine, and shown so") :]
    )
    with (prepared.results / "tables" / "runs.csv").open(newline="") as file:
        rows = {row["run"]: row for row in csv.DictReader(file)}
    why = "not accepted by the engine: int8_per_channel_weight_only quantizes experts alone"
    assert (rows[INT8]["status"], rows[INT8]["reason"].startswith(why)) == ("refused", True)
    cache = measurement(prepared, f"precision/{FP8_CACHE}")
    if NO_WIDE_VECTORS:
        assert (cache["status"], "AVX-512" in cache["message"]) == ("refused", True)
    else:
        assert (cache["status"], cache["invalid"]) == ("ok", [])
        assert cache["engine"]["resolved"]["kv_cache_dtype"] == "fp8"
    assert rows[BACKEND]["invalid"] == "engine_args"
    assert "attention_backend: 'FLASH_ATTN' asked, 'CPU_ATTN' in force" in rows[BACKEND]["reason"]
    page = (prepared.results / "tables" / "precision.md").read_text()
    assert why in page
    assert "texts/s" in page

    again = prepared.snakemake("all", "--dry-run", config=PRECISION)
    assert again.measured == set(), "a refusal is no missing result"
    environment = prepared.results / "runs" / "precision" / INT8 / "environment.json"
    text = environment.read_text()
    model = next(line for line in text.splitlines() if '"model":' in line)
    environment.write_text(text.replace(model, '  "model": "another processor",'))
    elsewhere = prepared.snakemake("all", "--dry-run", config=PRECISION)
    assert elsewhere.measured == {f"precision/{INT8}"}
