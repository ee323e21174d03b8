"""Figures that docs/study.md works out by hand: made again from the raw files, with pandas and json alone."""

import json
import math
import re
from statistics import fmean

import numpy as np
import pandas as pd
import pytest
from support.project import ROOT

H100 = ROOT / "docs" / "reference" / "h100"
STUDY = (ROOT / "docs" / "study.md").read_text(encoding="utf-8")
FLOP_A_PAIR = 4 * 32 * 4096  # of the published model: 4, layers, hidden size
LINEAR = 13.96e9


def repeats(run):
    text = (H100 / "runs" / run / "measurement.json").read_text(encoding="utf-8")
    return json.loads(text)["repeats"]


def reviews_per_s(run, reviews):
    return reviews / math.exp(fmean(math.log(each["seconds"]) for each in repeats(run)))


def requests(run):
    rows = pd.read_parquet(H100 / "runs" / run / "requests.parquet")
    return rows[rows["repeat"] == 0]["prompt_tokens"].to_numpy(float)


def test_floating_point_operations_of_400_reviews():
    pairs = (requests("packing/separate-n400") ** 2 / 2).sum()
    packed = requests("packing/packed-n400")
    assert "400 separate prompts have 16 TFLOP of attention" in STUDY
    assert FLOP_A_PAIR * pairs / 1e12 == pytest.approx(16, abs=0.5)
    assert "are 3,775 TFLOP, against 1,675 TFLOP" in STUDY
    assert FLOP_A_PAIR * (packed**2 / 2).sum() / 1e12 == pytest.approx(3_775, abs=0.5)
    assert LINEAR * packed.sum() / 1e12 == pytest.approx(1_675, abs=0.5)


def test_a_step_of_20_copies():
    steps = pd.read_parquet(H100 / "runs" / "reuse" / "packed-n400-reuse-full" / "steps.parquet")
    steps = steps[steps["repeat"] == 0].sort_values("step")
    decoding = steps["finished_s"].diff()[steps["decode_tokens"] == 20]
    assert "it took 0.073 s" in STUDY
    assert np.median(decoding) == pytest.approx(0.073, abs=0.0005)


@pytest.mark.parametrize(
    ("n", "run"),
    [(400, "packed-n400"), (40, "packed-n40"), (20, "packed-n20"), (4, "packed-n4"), (1, "separate-n1")],
)
def test_saturation(n, run):
    """Rounded once, from the raw seconds."""
    line = next(
        line
        for line in STUDY.splitlines()
        if re.match(rf"\| {n}( \(separate\))? \| [\d.]+ \| \d+\.\d \| ", line)
    )
    printed = line.split("|")[3].strip()
    assert printed == f"{reviews_per_s(f'saturation/{run}', 1_600):.1f}"


def test_what_n_4_gains():
    gain = reviews_per_s("saturation/packed-n4", 1_600) / reviews_per_s("saturation/separate-n1", 1_600)
    assert (
        f"n = 4 labels {100 * (gain - 1):.1f} % more reviews a second than separate prompts on the H100"
        in STUDY
    )


@pytest.mark.parametrize("n", [4, 40, 400])
def test_packing(n):
    ratio = reviews_per_s(f"packing/packed-n{n}", n) / reviews_per_s(f"packing/separate-n{n}", n)
    line = next(line for line in STUDY.splitlines() if re.match(rf"\| {n} \| \d\.\d\d \| ", line))
    assert line.split("|")[3].strip() == f"{ratio:.2f}"


def test_the_break_even_is_named_with_its_device():
    page = (H100 / "tables" / "cost.md").read_text(encoding="utf-8")
    (predicted,) = re.findall(r"engine kept busy: packed prompts .* up to n = (\d+),", page)
    assert f"n = {predicted} on the H100 and 13 on the H200" in STUDY


def reference(name, table):
    return pd.read_csv(ROOT / "docs" / "reference" / name / "tables" / f"{table}.csv")


def cells(start):
    """Of the first row that starts so, what stands behind."""
    line = next(line for line in STUDY.splitlines() if line.startswith(f"| {start} |"))
    return [cell.strip() for cell in line.removeprefix(f"| {start} |").rstrip("|").split("|")]


@pytest.mark.parametrize("tokens", [512, 2048, 8192, 16384, 32768])
def test_products_of_a_layer(tokens):
    rows = reference("h200-sparse", "gemm")
    rows = rows[(rows["layer"] == "all four") & (rows["tokens"] == tokens)].set_index("kernel")["ratio"]
    kernels = ("2:4 bfloat16, cuSPARSELt", "2:4 fp8, torchao CUTLASS", "2:4 fp8, cuSPARSELt")
    assert cells(f"{tokens:,}") == [f"{rows[kernel]:.2f}" for kernel in kernels]


BY_N = [
    ("400", "packed-n400"),
    ("20", "packed-n20"),
    ("4", "packed-n4"),
    ("1 (separate)", "separate-n1"),
]


def of_models(reference_name, run):
    """Total tokens/s of a run with dense and with 2:4 weights."""
    rows = reference(reference_name, "runs").set_index("run")["total_token_throughput"]
    return (rows[f"{run}-normal-8b{end}"] for end in ("", "-2of4"))


@pytest.mark.parametrize(("n", "run"), BY_N)
def test_as_dense(n, run):
    dense, sparse = of_models("h200-sparse", run)
    assert cells(f"{n} | {dense:,.0f}") == [f"{sparse:,.0f}", f"{sparse / dense:.3f}"]


@pytest.mark.parametrize(("n", "run"), BY_N)
def test_kernels_of_2_4(n, run):
    published = pd.read_csv(ROOT / "docs" / "reference" / "h800" / "offline.csv")
    published = published[(published["n"] == int(n.split()[0])) & (published["reviews"] == 4_000)]
    told = [
        published[published["study"] == study]["total_tokens_per_s"].item()
        for study in ("saturation", "sparse")
    ]
    dense, sparse = of_models("h200-sparse-kernels", run)
    found = cells(f"{n} | {told[0]:,.0f}")
    assert found[:2] == [f"{told[1]:,.0f}", f"{told[1] / told[0]:.3f}"]
    assert found[2:4] == [f"{dense:,.0f}", f"{sparse:,.0f}"]
    assert found[4].split()[0] == f"{sparse / dense:.3f}"


def test_precisions():
    alone, both = (
        reference(name, "runs").set_index("run") for name in ("h200-precision", "h200-precision-kv")
    )
    kinds = {
        "bf16, bf16": "default-kv_cache_dtype-default",
        "bf16, fp8": "default-kv_cache_dtype-fp8",
        "fp8 per tensor, bf16": "fp8_per_tensor-kv_cache_dtype-default",
        "fp8 per channel, bf16": "fp8_per_channel-kv_cache_dtype-default",
        "fp8 per block, bf16": "fp8_per_block-kv_cache_dtype-default",
        "bf16, bf16 there": "default-kv_cache_dtype-default",
        "fp8 per tensor, fp8": "fp8_per_tensor-kv_cache_dtype-fp8",
        "fp8 per channel, fp8": "fp8_per_channel-kv_cache_dtype-fp8",
        "fp8 per block, fp8": "fp8_per_block-kv_cache_dtype-fp8",
    }
    for name, kind in kinds.items():
        found = cells(name)
        rows = both if name.endswith((" there", ", fp8")) and name != "bf16, fp8" else alone
        for layout, speed, joules in zip(("separate-n1", "packed-n40"), found[::2], found[1::2], strict=True):
            row = rows.loc[f"{layout}-{kind}"]
            assert (speed.partition(":")[0], joules) == (
                f"{row['texts_per_s']:.1f}",
                f"{row['joules_per_text']:.2f}",
            )


def test_cascade_attention():
    twenty, hundred = (
        reference(name, "runs").set_index("run")["total_token_throughput"]
        for name in ("h200-cascade-20", "h200-cascade")
    )
    off, on = (twenty[f"packed-n400-disable_cascade_attn-{what}"] for what in (True, False))
    shared = hundred["packed-n400-x100-disable_cascade_attn-False"]
    assert cells("full, packed, n = 400")[2] == f"{off:,.0f} (20 copies)"
    name = "the same, model runner V1 with cascade attention, eager"
    assert cells(name)[2] == f"{on:,.0f} (20 copies), {shared:,.0f} (100)"
    assert f"**the switch alone makes them {on / off:.1f} times as fast**" in STUDY


def test_ten_times_as_many_reviews():
    rows = reference("h200-long", "runs").set_index("texts")["total_token_throughput"]
    gain = 100 * (rows[40_000] / rows[4_000] - 1)
    assert f"{rows[4_000]:,.0f} total tokens per second with 4,000 reviews and {rows[40_000]:,.0f}" in STUDY
    assert f"with 40,000, {gain:.2f} % more" in STUDY
    assert f"ten times as many go with {gain:.2f} % more" in STUDY


@pytest.mark.parametrize(("name", "run"), [("separate", "separate-n1"), ("packed, n = 400", "packed-n400")])
def test_one_engine_on_two_gpus(name, run):
    rows = reference("h200-two-gpus", "runs").set_index("run")
    one, two = (rows.loc[f"{run}-tp{gpus}"] for gpus in (1, 2))
    line = next(line for line in STUDY.splitlines() if re.match(rf"\| {name} \| \d+\.\d \| ", line))
    speeds, more, joules = line.split("|")[2:4], line.split("|")[4], line.split("|")[5]
    assert [cell.strip() for cell in speeds] == [f"{row['texts_per_s']:.1f}" for row in (one, two)]
    assert more.strip().startswith(f"{100 * (two['texts_per_s'] / one['texts_per_s'] - 1):.0f} % (")
    assert joules.strip() == f"{one['joules_per_text']:.2f} / {two['joules_per_text']:.2f}"
    page = (ROOT / "docs/reference/h200-two-gpus/tables/two_gpus.md").read_text(encoding="utf-8")
    assert more.strip().partition("(")[2].rstrip(")") in page
