"""Time of a step: the longer of computing and moving, by hand."""

import pytest
from support.shapes import MODEL, TINY

from batchscope.cost.flops import Lengths, run_flops
from batchscope.cost.memory import (
    precision_of,
    step_weight_bytes,
)
from batchscope.cost.roofline import Engine, Peaks, bytes_by_part, flops_by_part, predict
from batchscope.cost.schedule import Limits, simulate, work_of

BF16 = precision_of("bfloat16", None, "auto")


def test_a_step_takes_the_longer_of_computing_and_moving_by_hand():
    """Peaks of 1,000 FLOP/s and 1,000 bytes/s; 144 weights a layer and 40 of the head, 3 layers, 16-bit."""
    engine = Engine(TINY, BF16, Limits(100, 4), Peaks(1000.0, 1000.0, 1000.0))
    found = predict(engine, [Lengths(5, 0, 3)])
    weights = 2 * (3 * 144 + 7 * 4 + 40)  # layers, two norms each and a last one, head
    token = 2 * 3 * 1 * 2 * 2  # keys and values, layers, heads, dims, bytes
    assert found.bytes["weights"] == 3 * weights
    assert found.bytes["kv_read"] == (5 + 6 + 7) * token
    assert found.bytes["kv_written"] == (5 + 1 + 1) * token
    prefill = 5 * 864 + 15 * 48 + 80  # linear, 1 + 2 + 3 + 4 + 5 keys, head: more than its 1,240 bytes
    decode = [864 + 80 + keys * 48 for keys in (6, 7)]
    moved = [weights + (keys + 1) * token for keys in (6, 7)]
    assert found.prefill == pytest.approx(prefill / 1000)
    assert found.decode == pytest.approx(sum(max(pair) for pair in zip(decode, moved, strict=True)) / 1000)
    assert found.mixed == 0
    assert found.steps == 3
    slow = predict(Engine(TINY, BF16, Limits(100, 4), Peaks(1e9, 1e9, 1000.0)), [Lengths(5, 0, 3)])
    assert slow.ideal == pytest.approx(found.bytes.sum() / 1000)
    assert (slow.limit, slow.compute_share) == ("memory bandwidth", 0)


def test_of_an_unknown_device_only_flop_are_counted():
    requests = [Lengths(7, 0, 4), Lengths(50, 0, 3)]
    found = predict(Engine(TINY, BF16, Limits(32, 2), None), requests)
    assert found.ideal == run_flops(TINY, requests)
    assert found.limit is None
    assert found.mixed > 0


def test_quantized_layers_run_at_their_own_peak():
    fast = Engine(TINY, BF16, Limits(32, 2), Peaks(2000.0, 1000.0, 1e12))
    flops = flops_by_part(TINY, work_of([Lengths(20, 0, 1)])).sum()
    expected = flops["prefill_linear"] / 2000 + (flops["prefill_attention"] + flops["prefill_head"]) / 1000
    assert predict(fast, [Lengths(20, 0, 1)]).ideal == pytest.approx(expected)


def test_weights_are_read_once_a_step():
    steps = simulate([Lengths(10, 0, 5)] * 3, Limits(16, 8))
    assert bytes_by_part(MODEL, BF16, steps)["weights"].tolist() == [step_weight_bytes(MODEL, BF16)] * len(
        steps
    )
