"""Where in a pass the window lies, and what the engine computes in it."""

import pytest
from support.traces import CPU_TRACE, step

from batchscope.common.errors import UserError
from batchscope.cost.flops import Architecture, Lengths, linear_flops
from batchscope.cost.scheduler_simulation import Limits, simulate
from batchscope.profiling.torch_trace import tables
from batchscope.profiling.window_plan import (
    as_planned,
    plan_window,
    precision_in,
    step_cost,
    work_by_class,
    work_of_window,
)

MODEL = Architecture(64, 128, 2, 2, 1, 32, 1000)


def test_the_window_lies_in_the_middle_of_the_pass() -> None:
    requests = [Lengths(100, 0, 1)] * 20
    plan = plan_window(requests, Limits(100, 8), 4)
    assert (plan.skip, plan.steps) == (7, 6)


def test_a_cache_that_holds_no_request_leaves_nothing_to_profile() -> None:
    with pytest.raises(
        UserError, match=r"a request of 101 tokens does not fit into 64; raise .*kv_cache_memory"
    ):
        plan_window([Lengths(100, 0, 1)] * 20, Limits(100, 8, kv_tokens=64), 4)


@pytest.mark.parametrize(("at", "skip"), [(0.0, 0), (0.25, 2), (0.5, 7), (1.0, 14)])
def test_the_window_lies_where_it_is_asked_for(at: float, skip: int) -> None:
    plan = plan_window([Lengths(100, 0, 1)] * 20, Limits(100, 8), 4, at)
    assert (plan.skip, plan.steps) == (skip, 6)


def test_the_middle_is_that_of_the_time_not_of_the_steps() -> None:
    """Long prompts: reading them takes 10 steps and most of the time, answering them 20."""
    requests, limits = [Lengths(1000, 0, 20)] * 10, Limits(1000, 10)
    cost = step_cost(MODEL, precision_in({"dtype": "float32"}), "cpu")
    simulated = simulate(requests, limits)
    assert cost(simulated)[:10].sum() > 0.6 * cost(simulated).sum()
    by_steps, by_time = plan_window(requests, limits, 4), plan_window(requests, limits, 4, 0.5, cost)
    assert (simulated["prefill_tokens"].iloc[by_steps.skip :][: by_steps.steps] == 0).all()
    assert (simulated["prefill_tokens"].iloc[by_time.skip :][: by_time.steps] > 0).all()
    unknown = plan_window(requests, limits, 4, 0.5, step_cost(MODEL, None, "cpu"))
    assert abs(unknown.skip - by_time.skip) <= 2


def test_what_the_window_computes_is_known_once_the_engine_has_sized_its_kv_cache() -> None:
    """Room for two of three prompts: the third waits, and the window has two answers, not three."""
    requests = [Lengths(100, 0, 9)] * 3
    resolved = {"max_num_batched_tokens": 200, "max_num_seqs": 8, "kv_cache_tokens": 256}
    assert work_of_window(requests, resolved, 2, 4)["decode_tokens"].tolist() == [2] * 4
    roomy = work_of_window(requests, resolved | {"kv_cache_tokens": 0}, 2, 4)
    assert roomy["decode_tokens"].tolist() == [3] * 4
    assert len(work_of_window(requests, resolved, 0, 99)) == len(simulate(requests, Limits(200, 8, 256)))


def test_a_pass_that_is_shorter_is_captured_whole() -> None:
    plan = plan_window([Lengths(100, 0, 3)], Limits(100, 8), 4)
    assert (plan.skip, plan.steps) == (0, 3)


def test_work_is_that_of_the_simulated_steps() -> None:
    work = simulate([Lengths(100, 0, 3)], Limits(100, 8))
    found = work_by_class(MODEL, precision_in({"dtype": "float32"}), work)
    head = 2 * 64 * 1000
    assert found["flops"]["GEMM"] == linear_flops(MODEL) * 102 + 3 * head
    keys = 100 * 101 // 2 + 101 + 102
    assert found["flops"]["attention"] == 4 * 2 * 2 * 32 * keys
    unknown = work_by_class(MODEL, None, work)
    assert unknown["bytes"].isna().all()


def test_steps_other_than_simulated_have_no_rates() -> None:
    _, steps = tables([step(0, 10, 1, 100, 0, 0), step(20, 30, 0, 0, 1, 1), CPU_TRACE[-1] | {"ts": 5}], "t")
    work = simulate([Lengths(100, 0, 2)], Limits(100, 8))
    assert as_planned(work, steps)
    assert not as_planned(work.assign(decode_tokens=[0, 2]), steps)
    assert not as_planned(work.iloc[:1], steps)
