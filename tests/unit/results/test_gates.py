"""Gates: each must catch the fault that is planted for it, and let clean runs pass."""

from dataclasses import replace

import pytest
from support.analysis_helpers import H200, make_run, write_run
from support.gate_helpers import CPU_SAMPLE, codes, detail, details, gpu_run, sample, step
from support.serving_helpers import requests as sent
from support.serving_helpers import written
from support.shapes import BF16, HERMES, REPEATS, requests

from batchscope.common.errors import UserError
from batchscope.config.studies import Plot, Study
from batchscope.cost.flops import Lengths, architecture_from, run_flops
from batchscope.reports.study.findings import findings
from batchscope.reports.study.page import notes, study_page
from batchscope.results.cost_inputs import ceiling_flops, flops_of, peak_flops
from batchscope.results.frames import repeats_frame, runs_frame
from batchscope.results.gates import GATES, Gate, validity_of
from batchscope.results.loads.points import load_point
from batchscope.results.records import Gpu, load_run


def test_a_run_with_all_tables_and_no_fault_is_valid(tmp_path):
    # 4 requests of 250 prompt tokens, one output token each: 1,000 tokens in two steps.
    steps = [step(repeat, number, prefill_tokens=500) for repeat in range(REPEATS) for number in range(2)]
    record = gpu_run(
        tmp_path,
        layout="separate",
        prompt_tokens=1000,
        repeat={"steps": 2},
        answers=requests([(250, 0, 1)] * 4),
        steps=steps,
        hardware=[sample(repeat) for repeat in range(REPEATS)],
    )
    assert validity_of(record).valid
    assert validity_of(record).invalid == ()
    assert set(GATES) == {
        "flops",
        "gpus",
        "foreign_process",
        "throttled",
        "steps",
        "shared_prefix",
        "sparse_kernels",
        "client",
    }


def test_old_folders_without_tables_are_judged_by_what_they_have(tmp_path):
    folder = write_run(tmp_path)
    for file in folder.glob("*.parquet"):
        file.unlink()
    assert validity_of(load_run(folder)).valid
    record = make_run(tmp_path / "b", invalid=[{"code": "cached_tokens", "detail": "512"}])
    assert codes(record) == ["cached_tokens"]
    assert not validity_of(record).valid


def test_failed_runs_have_empty_tables(tmp_path):
    record = gpu_run(tmp_path, seconds=(), status="died", message="killed")
    assert validity_of(record).invalid == ()
    assert not validity_of(record).valid


def test_reasons_of_the_engine_and_of_gates_are_merged(tmp_path):
    record = gpu_run(
        tmp_path,
        invalid=[{"code": "cached_tokens", "detail": "512"}],
        hardware=[sample(foreign_processes=1), sample(clock_event_reasons=0x40)],
    )
    row = runs_frame([record], []).iloc[0]
    assert row["invalid"] == "cached_tokens, foreign_process, throttled"
    assert "cached_tokens: 512; foreign_process: another program" in row["reason"]
    assert not repeats_frame([record])["valid"].any()
    left_out = findings(runs_frame([record], []), Plot())[-1]
    assert left_out.endswith("invalid: cached_tokens, foreign_process, throttled.")


# --- flops


def packed(tmp_path, first_token_s, **values):
    """A packed prompt of 120,006 tokens and 400 output tokens, on one H200."""
    return gpu_run(
        tmp_path,
        **(
            {
                "n": 400,
                "seconds": (12.0,) * REPEATS,
                "prompt_tokens": 120_006,
                "answers": requests([(120_006, 0, 400)], first_token_s),
            }
            | values
        ),
    )


def test_more_work_than_the_gpu_can_do_is_invalid(tmp_path):
    assert codes(packed(tmp_path / "a", 7.0)) == []
    cached = packed(tmp_path / "b", 0.29337)
    assert codes(cached) == ["flops"]
    assert detail(cached) == (
        "repeat 1: 5,450 TFLOP by 0.2934 s are 18,579 TFLOP/s, and NVIDIA H200 can do 990 TFLOP/s at most: "
        "prompts must have been served from a cache, or the clock is wrong"
    )


def test_a_window_that_is_too_short_is_invalid_without_first_tokens_too(tmp_path):
    record = packed(tmp_path, None, seconds=(12.0, 3.0, 12.0))
    assert detail(record).startswith("repeat 2: ")


def test_tokens_known_to_be_cached_are_no_work(tmp_path):
    cached = requests([(120_006, 120_000, 1)], 0.29)
    assert codes(packed(tmp_path, 0.29, seconds=(0.3,) * REPEATS, answers=cached)) == []


@pytest.mark.parametrize(
    "values",
    [
        {"more": {}},  # no architecture, as in old files
        {"more": {"architecture": {}}},
        {"more": {"architecture": HERMES | {"num_local_experts": 8}}},
        {"gpu": H200 | {"name": "NVIDIA Z999"}},
        {"gpu": None},
        {"answers": None},
        {"args": {"tensor_parallel_size": 4, "pipeline_parallel_size": 8}},  # 32 GPUs could
    ],
)
def test_nothing_known_is_no_accusation(tmp_path, values):
    assert codes(packed(tmp_path, 0.29337, **values)) == []


def test_an_unknown_precision_is_judged_by_the_highest_peak(tmp_path):
    # 5,451 TFLOP in 4 s are 1,363 TFLOP/s: too much for 16 bits, possible in 8.
    assert codes(packed(tmp_path / "a", 4.0)) == ["flops"]
    for name, resolved in (("b", {}), ("c", BF16 | {"quantization": "compressed-tensors"})):
        record = packed(tmp_path / name, 4.0, resolved=resolved)
        assert codes(record) == []
        assert peak_flops(record) is None
        assert ceiling_flops(record) == 1979e12


# --- foreign_process


def test_another_program_on_the_gpu_is_invalid(tmp_path):
    samples = [sample(0), sample(1, foreign_processes=2), sample(1), sample(2, foreign_processes=1)]
    record = gpu_run(tmp_path, hardware=samples)
    assert codes(record) == ["foreign_process"]
    assert "in 2 of 4 samples (repeats 2, 3)" in detail(record)


def test_samples_of_a_cpu_accuse_nobody(tmp_path):
    assert codes(make_run(tmp_path, hardware=[CPU_SAMPLE] * 3)) == []


# --- throttled


@pytest.mark.parametrize(
    ("bit", "words"),
    [
        (0x8, "hardware slowdown"),
        (0x20, "thermal slowdown by software"),
        (0x40, "thermal slowdown by hardware"),
        (0x80, "power brake"),
    ],
)
def test_a_gpu_that_slowed_down_is_invalid(tmp_path, bit, words):
    record = gpu_run(tmp_path, hardware=[sample(0), sample(1, clock_event_reasons=bit | 0x4)])
    assert codes(record) == ["throttled"]
    assert detail(record).startswith(f"{words} in 1 of 2 samples (repeat 2)")


def test_the_power_limit_and_fixed_clocks_are_noted_and_count(tmp_path):
    samples = [sample(0, clock_event_reasons=mask) for mask in (0x4, 0x4, 0x4, 0x2)]
    gpu = H200 | {"power_limit_w": 700.0, "power_limit_default_w": 700.0}
    record = gpu_run(tmp_path, gpu=gpu, hardware=samples)
    assert validity_of(record).valid
    page = study_page("mine", Study(), runs_frame([record], []))
    assert "The GPU was at its power limit of 700 W in 75 % of samples." in page.notes
    assert "The GPU's clocks were fixed below their highest in 25 % of samples." in page.notes
    assert not any("lowered" in line for line in page.context)


def test_shares_of_several_runs_are_a_range_and_cpus_have_none(tmp_path):
    records = [
        gpu_run(tmp_path, n=n, hardware=[sample(clock_event_reasons=mask) for mask in masks])
        for n, masks in ((4, (0, 0x4)), (8, (0x4, 0x4)))
    ]
    assert "The GPU was at its power limit in 50 to 100 % of a run's samples." in notes(
        runs_frame(records, [])
    )
    cpu = runs_frame([make_run(tmp_path, study="c", hardware=[CPU_SAMPLE])], [])
    assert not any("GPU" in line for line in notes(cpu))


def test_a_lowered_power_limit_is_said(tmp_path):
    gpu = H200 | {"power_limit_w": 500.0, "power_limit_default_w": 700.0}
    page = study_page("mine", Study(), runs_frame([gpu_run(tmp_path, gpu=gpu)], []))
    assert "The GPU's power limit was lowered to 500 W from its default of 700 W." in page.context


# --- steps


def steps_run(tmp_path, rows, **repeat):
    """One repeat of 2 requests, 600 prompt and 6 output tokens: 600 + 6 - 2 = 604 tokens are fed."""
    values = {"layout": "separate", "n": 2, "seconds": (1.0,), "prompt_tokens": 600}
    return make_run(tmp_path, repeat={"output_tokens": 6, **repeat}, steps=rows, **values)


CLEAN = [step(0, 0, prefill_tokens=512), step(0, 1, prefill_tokens=88, decode_tokens=1)]
CLEAN += [step(0, 2, decode_tokens=2), step(0, 3, decode_tokens=1)]


def test_steps_that_add_up_are_valid(tmp_path):
    assert codes(steps_run(tmp_path / "a", CLEAN)) == []
    assert codes(steps_run(tmp_path / "b", CLEAN, steps=4)) == []


def test_cached_and_recomputed_tokens_add_up(tmp_path):
    cached = [step(0, 0, prefill_tokens=88, cached_tokens=512), *CLEAN[1:]]
    cached[1] = step(0, 1, decode_tokens=1)
    assert codes(steps_run(tmp_path / "a", cached)) == []
    # A preempted request lost 300 tokens: 64 of them came back from the cache, the others were computed again.
    again = step(0, 2, decode_tokens=2, preempted=1, discarded_tokens=300)
    back = step(0, 3, decode_tokens=1, prefill_tokens=236, cached_tokens=64)
    assert codes(steps_run(tmp_path / "b", [*CLEAN[:2], again, back])) == []


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (CLEAN[:-1], "repeat 1: steps hold 603 tokens, its requests 604"),
        ([*CLEAN, step(0, 4, decode_tokens=1)], "repeat 1: steps hold 605 tokens, its requests 604"),
        ([step(0, 0, prefill_tokens=88), *CLEAN[1:]], "repeat 1: steps hold 180 tokens, its requests 604"),
    ],
)
def test_steps_that_do_not_add_up_are_invalid(tmp_path, rows, words):
    record = steps_run(tmp_path, rows)
    assert codes(record) == ["steps"]
    assert detail(record) == words


def test_steps_that_were_not_all_recorded_are_invalid(tmp_path):
    assert detail(steps_run(tmp_path, CLEAN, steps=5)) == "repeat 1: 4 steps recorded, 5 counted"


ENDS = [
    {"repeat": 0, "prompt": number, "output_tokens": tokens, "finish_reason": reason}
    for number, (tokens, reason) in enumerate([(2, "stop"), (4, "length")])
]
"""One request of `steps_run` ends by itself, the other at its limit."""

AHEAD = {"resolved": {"async_scheduling": True}, "more": {"answers": [{"n": 1, "least": 1, "most": 4}]}}
IN_VAIN = [*CLEAN, step(0, 4, decode_tokens=1)]


def ended(tmp_path, rows, ends=ENDS, **values):
    """`steps_run` with requests that ended in these ways."""
    return make_run(
        tmp_path, layout="separate", n=2, seconds=(1.0,), prompt_tokens=600, repeat={"output_tokens": 6},
        steps=rows, answers=ends, **values,
    )  # fmt: skip


def test_an_engine_that_plans_ahead_feeds_one_token_in_vain_for_each_request_that_ends_by_itself(tmp_path):
    assert codes(ended(tmp_path / "a", IN_VAIN, **AHEAD)) == []
    assert codes(ended(tmp_path / "b", CLEAN)) == []
    assert "604 and 1 fed in vain" in detail(ended(tmp_path / "c", CLEAN, **AHEAD))
    assert "605 tokens, its requests 604" in detail(ended(tmp_path / "d", IN_VAIN)), "no planning ahead"
    assert codes(ended(tmp_path / "e", [*IN_VAIN, step(0, 5, decode_tokens=1)], **AHEAD)) == ["steps"]


def test_a_request_that_ends_by_itself_with_its_last_token_may_be_in_one_more_step_or_not(tmp_path):
    last = [ENDS[0] | {"output_tokens": 4}, ENDS[1]]
    assert codes(ended(tmp_path / "a", CLEAN, last, **AHEAD)) == []
    assert codes(ended(tmp_path / "b", IN_VAIN, last, **AHEAD)) == []


# --- client: the end-to-end case is in test_serving_page.py


@pytest.mark.parametrize(
    ("state", "rows", "words"),
    [
        ({"cpu_share": 0.95}, [(1, 0.05, [])] * 40, "the client had 95 % of a core"),
        ({"lag_median_s": 0.006}, [(1, 0.05, [])] * 40, "the client was 6.0 ms late (median)"),
        ({"lag_p99_s": 0.006}, [(1, 0.05, [])] * 40, "the client was 6.0 ms late (p99)"),
        ({"cpu_share": 0.9, "lag_median_s": 0.005, "lag_p99_s": 0.005}, [(1, 0.05, [])] * 40, None),
        ({"cpu_share": 0.95, "lag_median_s": 1.0}, [], None),  # nothing was sent
    ],
)
def test_a_client_that_was_the_bottleneck_is_invalid(tmp_path, state, rows, words):
    client = sent(*rows)
    repeats = {} if rows else {"repeats": [], "status": "died"}
    work = {"layout": "separate", "n": 40}
    point = load_point(written(tmp_path / "point", client, {}, work, client=state, **repeats))
    assert [detail[: len(words or "")] for detail in details(point.run)] == ([words] if words else [])
    assert codes(point.run) == (["client"] if words else [])


# --- the registry


def test_one_entry_brings_a_gate_to_runs_and_load_points(tmp_path, monkeypatch):
    def long_requests(run):
        longest = int(run.requests["prompt_tokens"].max())
        if longest > 90:
            yield f"a prompt of {longest} tokens"

    monkeypatch.setitem(GATES, "long", Gate(long_requests, looks_at=("requests",)))
    run = make_run(tmp_path, answers=requests([(100, 0, 1), (50, 0, 1)]))
    point = load_point(written(tmp_path / "point", sent((1, 0.1, [])), {}, {"layout": "separate", "n": 1}))
    assert details(run) == details(point.run) == ["a prompt of 100 tokens"]
    row = runs_frame([run], []).iloc[0]
    assert (row["valid"], row["invalid"], row["reason"]) == (False, "long", "long: a prompt of 100 tokens")
    assert validity_of(make_run(tmp_path / "none")).valid, "without its table a gate is silent"


# --- what gates read


def test_a_damaged_table_is_named_with_the_remedy(tmp_path):
    folder = write_run(tmp_path)
    for name in ("requests", "steps", "hardware"):
        path = folder / f"{name}.parquet"
        path.write_text("not parquet")
        with pytest.raises(UserError, match=rf"{name}\.parquet: damaged: .*; delete .* and rerun"):
            load_run(folder)
        path.unlink()


def test_work_is_that_of_the_first_repeat(tmp_path):
    record = gpu_run(tmp_path, answers=requests([(100, 20, 3), (50, 0, 1)]))
    model = architecture_from(HERMES)
    assert flops_of(record) == run_flops(model, [Lengths(100, 20, 3), Lengths(50, 0, 1)])


def test_mfu_and_energy(tmp_path):
    record = packed(tmp_path, 7.0, repeat={"energy_j": 8000.0})
    row = runs_frame([record], []).iloc[0]
    assert row["mfu"] == pytest.approx((5451 + 402 * 0.02) / 12.0 / 989.5, rel=0.01)
    assert row["joules_per_text"] == pytest.approx(20)
    page = study_page("mine", Study(), runs_frame([record], []))
    columns = [name for _, name in page.table.columns]
    assert page.table.rows[0][columns.index("J/text")] == "20.00"
    assert float(page.table.rows[0][columns.index("MFU (%)")]) == pytest.approx(46.0, abs=0.5)


def test_a_metric_that_one_repeat_lacks_is_not_known(tmp_path):
    folder = write_run(tmp_path, study="mine", seconds=(1.0, 1.1, 0.9), repeat={"energy_j": 8.0})
    path = folder / "measurement.json"
    path.write_text(path.read_text().replace('"energy_j": 8.0', '"energy_j": null', 1))
    runs = runs_frame([load_run(folder)], [])
    assert runs[["joules_per_text", "joules_per_text_low", "mfu"]].isna().all(axis=None)
    page = study_page("mine", Study(), runs)
    assert not {"J/text", "MFU (%)"} & {name for _, name in page.table.columns}


@pytest.mark.parametrize(
    ("ids", "valid"),
    [
        ({"ids": ["a"], "held": ["a"], "computing": ["a"]}, True),
        ({"ids": ["a", "b"], "held": ["b", "a"], "computing": ["a", "b"]}, True),
        ({"ids": ["a"], "held": None, "computing": None}, True),
        ({"ids": ["a"]}, True),  # of older runs
        ({}, True),
        ({"ids": ["a"], "held": ["b"], "computing": ["a"]}, False),
        ({"ids": ["a"], "held": ["a"], "computing": ["b"]}, False),
        ({"ids": ["a"], "held": ["a"], "computing": ["a", "b"]}, False),
    ],
)
def test_the_gpu_that_is_held_is_sampled_and_computes(tmp_path, ids, valid):
    record = gpu_run(tmp_path)
    record = replace(record, environment=with_gpu(record.environment, ids))
    assert codes(record) == ([] if valid else ["gpus"])
    assert valid or "sampled a" in detail(record)


def with_gpu(environment, ids):
    return environment.model_copy(update={"gpu": Gpu.model_validate({"name": environment.gpu.name, **ids})})
