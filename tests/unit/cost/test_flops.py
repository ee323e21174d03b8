"""FLOP of dense decoders, by hand and against published serving runs."""

import csv
import json

import pytest
from support.project import ROOT
from support.shapes import HERMES, MODEL, TINY

from batchscope.cost.devices import DEVICES, peak_of
from batchscope.cost.flops import (
    Lengths,
    architecture_from,
    attention_flops,
    decode_flops,
    head_flops,
    highest_rate,
    linear_flops,
    prefill_flops,
    run_flops,
)
from batchscope.inputs import demo_model


def test_an_8b_model_needs_14_gflop_a_token():
    assert linear_flops(MODEL) / 1e9 == pytest.approx(13.96, abs=0.005)
    assert head_flops(MODEL) == 2 * 4096 * 128256


def test_a_tiny_model_by_hand():
    # A layer: q and o 4x4 each, k and v 4x2 each, three of 4x8 = 144 weights; 3 layers, 2 FLOP a weight.
    assert linear_flops(TINY) == 2 * 3 * 144
    # Positions 2, 3, 4 have 3 + 4 + 5 = 12 keys; 2 heads x 2 dims, scores and values, 3 layers.
    assert attention_flops(TINY, 2, 5) == 12 * 4 * 4 * 3
    assert attention_flops(TINY, 0, 2) + attention_flops(TINY, 2, 5) == attention_flops(TINY, 0, 5)
    request = Lengths(prompt_tokens=5, cached_tokens=2, output_tokens=3)
    assert prefill_flops(TINY, request) == 3 * 864 + 576 + 80
    # Two tokens are fed back, at positions 5 and 6: 6 + 7 keys.
    assert decode_flops(TINY, request) == 2 * (864 + 80) + 13 * 48
    assert run_flops(TINY, [request, request]) == 2 * (3248 + 2512)


def test_one_output_token_needs_no_decode_step():
    assert decode_flops(TINY, Lengths(5, 0, 1)) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"num_local_experts": 8},
        {"num_experts": 128, "moe_intermediate_size": 768},
        {"model_type": "mixtral"},
        {"model_type": "gemma3_text"},
        {"sliding_window": 4096},
        {"layer_types": ["full_attention", "sliding_attention"]},
        {"kv_lora_rank": 512},
        {"hidden_size": None},
        {"num_key_value_heads": "8"},
        {"head_dim": None, "num_attention_heads": 33},
    ],
)
def test_what_is_not_a_llama_like_dense_decoder_is_not_known(change):
    assert architecture_from(HERMES | change) is None


@pytest.mark.parametrize(
    "change",
    [
        {"head_dim": None},
        {"model_type": "llama"},
        {"model_type": "qwen2", "sliding_window": 131072, "use_sliding_window": False},
        {"sliding_window": None, "layer_types": ["full_attention"]},
        {"num_experts": None},
    ],
)
def test_llama_like_decoders_are_known(change):
    assert architecture_from(HERMES | change) == MODEL


def test_nothing_known_and_the_demo():
    assert architecture_from({}) is None
    assert (
        architecture_from(json.loads(json.dumps(demo_model.CONFIG))).layer_weights == 64 * 192 + 3 * 64 * 128
    )


def test_first_tokens_show_what_the_mean_over_the_pass_hides():
    requests = [Lengths(100, 0, 50), Lengths(200, 0, 50)]
    early = highest_rate(TINY, requests, [0.1, 0.2], seconds=100.0)
    assert early.flops == prefill_flops(TINY, requests[0]) + prefill_flops(TINY, requests[1])
    assert early.seconds == 0.2
    assert highest_rate(TINY, requests, [None, None], 100.0).flops == run_flops(TINY, requests)
    assert highest_rate(TINY, requests, [0.0, 1.0], 100.0).per_second == float("inf")


def published(layout):
    with (ROOT / "docs/reference/h800/serving.csv").open() as file:
        return next(row for row in csv.DictReader(file) if row["layout"] == layout)


def test_the_published_packed_serving_run_came_from_a_cache():
    """120,006 prompt tokens before the first of 400: 1,675 TFLOP outside attention alone, in 0.293 s."""
    row = published("packed")
    request = Lengths(int(row["input_tokens"]), 0, int(row["generated_tokens"]))
    peak = peak_of(DEVICES["NVIDIA H800"], "bfloat16", None, "auto")
    found = highest_rate(MODEL, [request], [float(row["mean_ttft_ms"]) / 1000], float(row["duration_s"]))
    assert linear_flops(MODEL) * request.prompt_tokens / 1e12 == pytest.approx(1675, abs=1)
    assert attention_flops(MODEL, 0, request.prompt_tokens) / 1e12 == pytest.approx(3775, abs=1)
    assert found.per_second / peak == pytest.approx(18.8, abs=0.1)
    over_all = highest_rate(MODEL, [request], [None], float(row["duration_s"]))
    assert over_all.per_second < peak, "the mean over the whole run hides it"


def test_the_published_separate_serving_run_did_not():
    row = published("separate")
    total, count = int(row["input_tokens"]), int(row["successful_requests"])
    lengths = [total // count + (index < total % count) for index in range(count)]
    first = [float(row["mean_ttft_ms"]) / 1000] * count
    found = highest_rate(MODEL, [Lengths(each, 0, 1) for each in lengths], first, float(row["duration_s"]))
    assert sum(lengths) == total
    assert found.per_second < DEVICES["NVIDIA H800"].bits16
