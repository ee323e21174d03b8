"""The scheduler's simulation: its steps, by hand and against recorded runs."""

import random

import pytest
from support.project import ROOT
from support.shapes import TINY
from support.simulated_steps import compare

from batchscope.cost.flops import Lengths, run_flops
from batchscope.cost.roofline import FLOP, flops_by_part
from batchscope.cost.schedule import WORK, Limits, simulate, work_of


def steps_of(requests, *limits, columns=("prefill_tokens", "decode_tokens")):
    return simulate([Lengths(*each) for each in requests], Limits(*limits))[list(columns)].to_numpy().tolist()


def test_a_prompt_is_cut_where_the_step_is_full_and_goes_on_beside_the_answers():
    # Step 0: 5 of the first, 3 of the second. Step 1: the first decodes 1 token, the second's 4 others.
    columns = (*WORK, "prefill_context", "running", "held_tokens")
    assert steps_of([(5, 0, 2), (7, 0, 1)], 8, 4, columns=columns) == [
        [8, 15 + 6, 1, 0, 0, 5 + 3, 2, 12],
        [4, 4 + 5 + 6 + 7, 1, 1, 6, 7, 2, 13],
    ]


def test_no_more_requests_run_than_may():
    assert steps_of([(3, 0, 2), (2, 0, 1)], 8, 1) == [[3, 0], [0, 1], [2, 0]]
    assert steps_of([(3, 0, 1)] * 3, 2, 8) == [[2, 0], [2, 0], [2, 0], [2, 0], [1, 0]]


def test_async_scheduling_keeps_seats_for_one_more_step():
    # A step has room for two prompts. In step 1 the first two still have their seats, and one is free; in step 2 one.
    assert steps_of([(3, 0, 1)] * 5, 6, 3, None, False) == [[6, 0], [6, 0], [3, 0]]
    assert steps_of([(3, 0, 1)] * 5, 6, 3, None, True) == [[6, 0], [3, 0], [6, 0]]
    # Room in the KV cache as well: the third prompt finds it when the first is gone, which the second sees off alone.
    assert steps_of([(4, 0, 1), (4, 0, 3), (4, 0, 1)], 8, 9, 12, False) == [[8, 0], [4, 1], [0, 1]]
    assert steps_of([(4, 0, 1), (4, 0, 3), (4, 0, 1)], 8, 9, 12, True) == [[8, 0], [0, 1], [4, 1]]


def test_a_request_waits_until_its_whole_prompt_has_room():
    # 6 + 6 tokens do not fit into 10; nobody overtakes: the third, of 2 tokens, waits too.
    assert steps_of([(6, 0, 2), (6, 0, 1), (2, 0, 1)], 20, 8, 10) == [[6, 0], [0, 1], [8, 0]]


def test_an_answer_without_room_puts_the_last_request_back_by_hand():
    """Two requests of 4 tokens and 4 outputs in 10 tokens.

    Steps 0 and 1 fill it: 8, then 10. In step 2 the second is put back with two tokens sampled, and the first goes
    on until step 3. Step 4 computes 4 + 2 tokens again, which gives the third output; step 5 decodes the last.
    """
    requests = [(4, 0, 4), (4, 0, 4)]
    columns = ("prefill_tokens", "decode_tokens", "running", "held_tokens")
    assert steps_of(requests, 20, 8, 10, columns=columns) == [
        [8, 0, 2, 8], [0, 2, 2, 10], [0, 1, 1, 6], [0, 1, 1, 7], [6, 0, 1, 6], [0, 1, 1, 7],
    ]  # fmt: skip


def test_cached_tokens_are_neither_computed_nor_held_twice():
    # The duplicate computes its last 4 tokens, each with all keys up to its own: 17 + 18 + 19 + 20.
    columns = ("prefill_tokens", "prefill_keys", "decode_tokens", "decode_keys", "held_tokens")
    assert steps_of([(20, 0, 1), (20, 16, 2)], 20, 8, 24, columns=columns) == [
        [20, 210, 0, 0, 20],
        [4, 74, 0, 0, 4],
        [0, 0, 1, 21, 5],
    ]
    assert steps_of([(16, 16, 1)], 8, 1) == [[1, 0]]  # the last token is computed in any case


def test_what_cannot_fit_is_refused():
    with pytest.raises(ValueError, match="a request of 11 tokens does not fit into 10"):
        simulate([Lengths(9, 0, 2)], Limits(8, 8, 10))
    assert simulate([], Limits(8, 8, 10)).empty


@pytest.mark.parametrize("seed", range(20))
def test_steps_stay_in_their_limits_and_add_up(seed):
    rng = random.Random(seed)
    requests = [
        Lengths(prompt, rng.choice([0, prompt // 2]), rng.choice([1, 1, 2, 30]))
        for prompt in (rng.randint(1, 300) for _ in range(rng.randint(1, 80)))
    ]
    bounds = rng.choice([40, 128, 1000]), rng.choice([1, 7, 64]), rng.choice([None, 700])
    limits = Limits(*bounds, asynchronous=rng.choice([False, True]))
    steps, work = simulate(requests, limits), work_of(requests)
    assert (steps["prefill_tokens"] + steps["decode_tokens"]).between(1, limits.batched_tokens).all()
    assert (steps["running"] <= limits.seqs).all()
    assert (steps["decode_tokens"] <= steps["running"]).all()
    again = steps["prefill_tokens"].sum() - work["prefill_tokens"].sum()
    if limits.kv_tokens is None:
        assert steps[list(WORK)].sum().equals(work.sum())
    else:
        assert (steps["held_tokens"] <= limits.kv_tokens).all()
        # Each token sampled, but the last, is fed once as an answer or once more in a prompt put back.
        assert steps["decode_tokens"].sum() + steps["first_tokens"].sum() == sum(
            one.output_tokens for one in requests
        )
        assert again >= 0


def test_work_is_that_of_the_flop_count():
    requests = [Lengths(50, 16, 3), Lengths(7, 0, 1), Lengths(120, 0, 9)]
    flops = flops_by_part(TINY, work_of(requests))
    assert tuple(flops) == FLOP
    assert flops.sum().sum() == run_flops(TINY, requests)
    assert flops_by_part(TINY, simulate(requests, Limits(32, 2))).sum().sum() == run_flops(TINY, requests)


def test_simulated_steps_are_those_of_all_runs_on_a_gpu():
    """33 runs of vLLM 0.26 with asynchronous scheduling, copies and full KV caches among them."""
    assert sum(compare(folder) for folder in (ROOT / "docs/reference/h100/runs").glob("*/*")) == 99
