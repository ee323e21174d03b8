"""Devices: their peaks, and the one constant of each held against what was measured."""

import csv
import json
import os
from functools import cache
from pathlib import Path

import pytest
from support import llama3
from support.project import ROOT
from support.published import TEXTS
from support.shapes import MODEL

from batchscope.cost.flops import Lengths
from batchscope.cost.gpu_peaks import (
    DEVICES,
    SIXTEEN_BITS,
    arithmetic_of,
    device_named,
    linear_peak_of,
    peak_of,
    share_of,
)
from batchscope.cost.memory import (
    FP8_WEIGHTS,
    precision_of,
)
from batchscope.cost.roofline import Engine, Peaks, predict
from batchscope.cost.scheduler_simulation import Limits
from batchscope.inputs.prompts import group
from batchscope.inputs.texts.source_text import SourceText
from batchscope.inputs.tokens import tokenise
from batchscope.inputs.wording import render, wording_of

BF16 = precision_of("bfloat16", None, "auto")

H200 = DEVICES["NVIDIA H200"]

SHARE = share_of("NVIDIA H200", SIXTEEN_BITS).value

ONE_H200 = Engine(
    MODEL, BF16, Limits(16_384, 1_024, 914_784), Peaks(H200.bits16, H200.bits16, H200.bandwidth)
)

KV_TOKENS, CARD = 914_784, 150_754_820_096

SATURATION = {  # (layout, n, reviews): total tokens/s of a bare script, and of docs/reference/h200
    ("packed", 400, 2800): (11_548, 11_378),
    ("packed", 40, 3160): (35_118, 34_723),
    ("packed", 20, 3160): (39_409, 39_033),
    ("packed", 4, 3160): (43_807, 43_486),
    ("separate", 1, 3160): (44_773, 44_423),
}

PACKING = {
    ("packed", 400, 400): (9_978, 9_890),
    ("separate", 400, 400): (44_412, 44_563),
    ("packed", 40, 40): (22_458, 22_754),
    ("separate", 40, 40): (44_353, 45_632),
    ("packed", 4, 4): (19_368, 24_890),
    ("separate", 4, 4): (24_854, 35_435),
}


def throughput(requests):
    """Predicted total tokens/s."""
    tokens = sum(each.prompt_tokens + each.output_tokens for each in requests)
    return tokens * SHARE / predict(ONE_H200, requests).ideal


@pytest.fixture(scope="module")
def predicted():
    """Throughput of a run, from the lengths of the real reviews."""
    path = os.environ.get("BATCHSCOPE_IMDB_CSV")
    if not path:
        pytest.skip("set BATCHSCOPE_IMDB_CSV to the IMDB reviews as CSV (review, sentiment)")
    with Path(path).open(newline="", encoding="utf-8") as file:
        reviews = [SourceText(row["review"], row["sentiment"]) for row in csv.DictReader(file)]
    tokenizer = llama3.tokenizer()

    @cache
    def of_run(layout, n, count):
        groups = group(list(enumerate(reviews[:count])), n if layout == "packed" else 1)
        ids = tokenise(tokenizer, [render(members, wording_of(TEXTS, layout)) for members in groups])
        return throughput(
            [Lengths(len(each), 0, len(members)) for each, members in zip(ids, groups, strict=True)]
        )

    return of_run


@pytest.mark.parametrize("run", SATURATION)
def test_saturation_is_predicted_within_15_percent_by_one_constant(run, predicted):
    for measured in SATURATION[run]:
        assert predicted(*run) == pytest.approx(measured, rel=0.15)


@pytest.mark.parametrize("run", [run for run in PACKING if run[1] > 4])
def test_packing_is_predicted_too_where_start_up_does_not_decide(run, predicted):
    for measured in PACKING[run]:
        assert predicted(*run) == pytest.approx(measured, rel=0.15)


def test_the_constant_is_the_median_of_what_the_reference_runs_reached(predicted):
    runs = SATURATION | PACKING
    reached = sorted(measured / predicted(*run) * SHARE for run, (_, measured) in runs.items())
    assert reached[len(reached) // 2] == pytest.approx(SHARE, abs=0.001)


@pytest.mark.parametrize(
    "folder", sorted((ROOT / "docs/reference/h200/runs/saturation").iterdir()), ids=lambda path: path.name
)
def test_mean_lengths_predict_saturation_as_well(folder):
    run = json.loads((folder / "measurement.json").read_text())
    repeat = sorted(run["repeats"], key=lambda each: each["seconds"])[1]
    count = repeat["requests"]
    totals = (repeat["prompt_tokens"], repeat["cached_tokens"], repeat["output_tokens"])
    requests = [
        Lengths(*(total // count + (index < total % count) for total in totals)) for index in range(count)
    ]
    assert predict(ONE_H200, requests).ideal / SHARE == pytest.approx(repeat["seconds"], rel=0.15)
    assert run["engine"]["resolved"]["kv_cache_tokens"] == KV_TOKENS


@pytest.mark.parametrize(("name", "device"), DEVICES.items())
def test_peaks_are_dense_and_in_order(name, device):
    assert device.source
    assert 50e12 <= device.bits16 <= 2500e12
    assert 100e9 <= device.bandwidth <= 8000e9
    for faster in (device.fp8, device.int8):
        assert faster is None or 1.9 < faster / device.bits16 < 4.1, name
    assert device.highest >= device.bits16


def test_the_peak_is_that_of_the_arithmetic():
    h200 = device_named("NVIDIA H200")
    assert h200.bits16 == 989.5e12
    assert peak_of(h200, "bfloat16", None, "auto") == 989.5e12
    assert peak_of(h200, "float16", "fp8", None) == 1979e12
    assert peak_of(h200, "bfloat16", "awq", None) is None
    assert peak_of(h200, "bfloat16", None, "fp8") is None
    assert peak_of(h200, "float32", None, None) is None
    assert peak_of(h200, None, None, None) is None
    assert linear_peak_of(h200, "bfloat16", None) == 989.5e12
    assert {linear_peak_of(h200, "bfloat16", name) for name in FP8_WEIGHTS} == {1979e12}
    assert linear_peak_of(DEVICES["NVIDIA A100-SXM4-80GB"], "bfloat16", "fp8_per_tensor") is None
    assert device_named("NVIDIA H200 MIG 1g.18gb") is None
    assert device_named("") is None


@pytest.mark.parametrize(
    ("types", "name"),
    [
        (("bfloat16", None, "auto"), "16 bits"),
        (("float16", None, "float16"), "16 bits"),
        ((None, None, None), "16 bits"),
        (("float32", None, "auto"), "float32"),
        (("bfloat16", "fp8_per_block", "auto"), "fp8_per_block"),
        (("bfloat16", "fp8_per_block", "fp8"), "fp8_per_block, KV cache fp8"),
        (("bfloat16", None, "fp8_e5m2"), "16 bits, KV cache fp8_e5m2"),
    ],
)
def test_each_arithmetic_has_a_name_of_its_own(types, name):
    assert arithmetic_of(*types) == name
    measured = name in (SIXTEEN_BITS, "fp8_per_block", "fp8_per_block, KV cache fp8")
    assert (share_of("NVIDIA H200", name) is not None) == measured


@pytest.mark.parametrize(
    ("types", "reference", "runs"),
    [
        (("bfloat16", "fp8_per_tensor", "auto"), "h200-precision", "fp8_per_tensor-kv_cache_dtype-default"),
        (("bfloat16", "fp8_per_channel", "auto"), "h200-precision", "fp8_per_channel-kv_cache_dtype-default"),
        (("bfloat16", "fp8_per_block", "auto"), "h200-precision", "fp8_per_block-kv_cache_dtype-default"),
        (("bfloat16", None, "fp8"), "h200-precision", "default-kv_cache_dtype-fp8"),
        (("bfloat16", "fp8_per_tensor", "fp8"), "h200-precision-kv", "fp8_per_tensor-kv_cache_dtype-fp8"),
        (("bfloat16", "fp8_per_channel", "fp8"), "h200-precision-kv", "fp8_per_channel-kv_cache_dtype-fp8"),
        (("bfloat16", "fp8_per_block", "fp8"), "h200-precision-kv", "fp8_per_block-kv_cache_dtype-fp8"),
    ],
)
def test_constants_of_8_bits_are_medians_of_the_reference_runs(types, reference, runs):
    with (ROOT / "docs/reference" / reference / "tables/cost.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["run"].endswith(f"-{runs}")]
    reached = [float(row["constant"]) / float(row["measured_over_predicted"]) for row in rows]
    known = share_of("NVIDIA H200", arithmetic_of(*types)).value
    assert len(reached) == 2
    assert known == pytest.approx(sum(reached) / 2, abs=0.0006)
    assert reached == pytest.approx([known, known], rel=0.06)
