"""Bytes of weights and of the KV cache, worked out by hand."""

import pytest
from support.shapes import HERMES, MODEL

from batchscope.cost.flops import architecture_from
from batchscope.cost.memory import (
    GpuMemory,
    kv_bytes,
    kv_capacity,
    precision_of,
    step_weight_bytes,
    tokens_in,
    weight_bytes,
)

BF16 = precision_of("bfloat16", None, "auto")

KV_TOKENS, CARD = 914_784, 150_754_820_096


def test_parameters_and_bytes_of_an_8b_model_by_hand():
    attention = 4096 * 4096 * 2 + 4096 * 1024 * 2  # q and o; k and v of 8 heads x 128
    mlp = 3 * 4096 * 14336
    layers = 32 * (attention + mlp)
    norms = (2 * 32 + 1) * 4096
    vocabulary = 4096 * 128256
    assert layers == 6_979_321_856
    assert MODEL.parameters == layers + norms + 2 * vocabulary == 8_030_261_248
    assert weight_bytes(MODEL, BF16) == 2 * 8_030_261_248 == 16_060_522_496  # 16.06 GB
    assert step_weight_bytes(MODEL, BF16) == 2 * (layers + norms + vocabulary)  # of the embedding only rows
    assert kv_bytes(MODEL, BF16) == 2 * 32 * 8 * 128 * 2 == 131_072
    assert 2 * layers / 1e9 == pytest.approx(13.96, abs=0.005)


def test_tied_embeddings_are_one_matrix():
    tied = architecture_from(HERMES | {"tie_word_embeddings": True})
    assert MODEL.parameters - tied.parameters == 4096 * 128256
    assert step_weight_bytes(tied, BF16) == step_weight_bytes(MODEL, BF16)


def test_widths_by_type():
    fp8 = precision_of("bfloat16", "fp8", "fp8")
    layers = 6_979_321_856
    assert weight_bytes(MODEL, fp8) == layers + 2 * (8_030_261_248 - layers)
    assert kv_bytes(MODEL, fp8) == 65_536
    assert kv_bytes(MODEL, precision_of("float32", None, None)) == 262_144
    assert kv_bytes(MODEL, BF16, gpus=2) == 65_536
    assert kv_bytes(MODEL, BF16, gpus=16) == 131_072 // 8  # a GPU holds one head at least
    for unknown in (
        ("int4", None, None),
        ("bfloat16", "awq", None),
        ("bfloat16", None, "int4"),
        (None, None, None),
    ):
        assert precision_of(*unknown) is None


def test_kv_capacity_of_an_h200_by_hand():
    """57,174 blocks of 16 tokens, as vLLM 0.26.0 reported; activations and rest are estimates."""
    found = kv_capacity(MODEL, BF16, GpuMemory(CARD, 0.92), batched_tokens=16_384)
    assert found.budget == 138_694_434_488
    assert found.activations == 16_384 * (3 * 14_336 + 4 * 4_096) * 2
    assert found.available == found.budget - 16_060_522_496 - found.activations - found.rest
    assert found.tokens == found.available // (16 * 131_072) * 16 == KV_TOKENS
    # What stands there by arithmetic alone is 98 % of the budget.
    assert (found.activations + found.rest) / found.budget < 0.02


def test_kv_capacity_shrinks_with_the_step_and_is_never_negative():
    sizes = [kv_capacity(MODEL, BF16, GpuMemory(CARD, 0.92), step).tokens for step in (2_048, 16_384, 65_536)]
    assert sizes == sorted(sizes, reverse=True)
    assert kv_capacity(MODEL, BF16, GpuMemory(16 << 30, 0.9), 8_192).tokens == 0
    assert tokens_in(256 << 20, 512, 128) == 524_288  # the demo's model and KV cache
