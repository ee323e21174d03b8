"""Profiles without an engine: traces, classes, windows, and each way in which a capture is no good."""

import gzip
import json
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from batchscope.common.errors import UserError
from batchscope.cost.flops import Architecture, Lengths, linear_flops
from batchscope.cost.schedule import Limits, simulate
from batchscope.profiling.capture import CaptureJob, run_capture
from batchscope.profiling.kernel_classes import (
    CLASSES,
    class_of,
    classify,
    load_rules,
    steps_by_class,
    union,
    window_steps,
)
from batchscope.profiling.profiled_runs import profiled_runs
from batchscope.profiling.torch_trace import parse, tables
from batchscope.profiling.window_plan import (
    as_planned,
    plan_window,
    precision_in,
    step_cost,
    work_by_class,
    work_of_window,
)
from batchscope.worker.profiling.overhead import Window, describe

STEP = "execute_context_{}({})_generation_{}({})"


def span(cat: str, name: str, start: float, end: float, tid: int = 1) -> dict:
    """A complete event of a Chrome trace; times in µs."""
    return {"ph": "X", "cat": cat, "name": name, "ts": start, "dur": end - start, "pid": 0, "tid": tid}


def step(start: float, end: float, *counts: int, cat: str = "user_annotation", tid: int = 1) -> dict:
    return span(cat, STEP.format(*(counts or (1, 100, 0, 0))), start, end, tid)


def microseconds(values: pd.Series) -> dict[str, int]:
    return {name: round(1e6 * seconds) for name, seconds in values.items() if round(1e6 * seconds)}


CPU_TRACE = [
    {"ph": "M", "name": "process_name", "pid": 0, "tid": 0, "args": {"name": "python"}},
    step(1000, 1100, 1, 100, 2, 2),
    step(1200, 1300, 3, 50, 4, 4),
    step(1400, 1500, 0, 0, 7, 7),
    span("cpu_op", "vllm::unified_attention_with_output", 1210, 1260),
    span("cpu_op", "_C::cpu_attention_with_kv_cache", 1220, 1240),
    span("cpu_op", "_C::onednn_mm", 1260, 1290),
    span("cpu_op", "_C::greedy_argmax", 1320, 1330),  # behind the step's range
    span("cpu_op", "aten::mul", 1225, 1235, tid=2),  # another thread: it does not count
    span("cpu_op", "aten::mul", 900, 1010),  # reaches into the capture
    span("cpu_op", "aten::mul", 1495, 1600),  # reaches out of it
]


def test_steps_are_what_vllms_annotations_say() -> None:
    _, steps = tables(CPU_TRACE, "trace")
    assert steps.drop(columns=["start_s", "duration_s"]).to_numpy().tolist() == [
        [0, 1, 100, 2, 2],
        [1, 3, 50, 4, 4],
        [2, 0, 0, 7, 7],
    ]
    assert (steps["start_s"] * 1e6).round().tolist() == [0, 200, 400]


def test_operators_have_time_of_their_own_alone_and_rows_of_a_thread_never_overlap() -> None:
    events, _ = tables(CPU_TRACE, "trace")
    main = events[events["stream"] == "1"]
    found = [
        (
            row["name"].rpartition(":")[2],
            round(1e6 * row["start_s"]),
            round(1e6 * row["duration_s"]),
            row["step"],
        )
        for row in main.astype({"step": "object"}).where(main.notna(), None).to_dict("records")
    ]
    assert found == [
        ("mul", 0, 10, 0),
        ("unified_attention_with_output", 210, 10, 1),
        ("cpu_attention_with_kv_cache", 220, 20, 1),
        ("unified_attention_with_output", 240, 20, 1),
        ("onednn_mm", 260, 30, 1),
        ("greedy_argmax", 320, 10, None),
        ("mul", 495, 5, 2),
    ]
    ends = main["start_s"] + main["duration_s"]
    assert (main["start_s"].iloc[1:].to_numpy() >= ends.iloc[:-1].to_numpy() - 1e-12).all()


def test_every_microsecond_of_the_window_is_in_one_class_and_idle_has_its_place() -> None:
    events, steps = tables(CPU_TRACE, "trace")
    found = steps_by_class(events, steps, load_rules())
    assert found.index.tolist() == [1]
    assert microseconds(found.loc[1]) == {
        "attention": 50, "GEMM": 30, "sampling": 10, "idle": 110, "idle_inside": 20, "idle_behind": 90,
    }  # fmt: skip
    assert found[list(CLASSES)].sum().sum() == pytest.approx(200e-6, abs=1e-12)


def test_overlapping_streams_count_once_in_the_class_that_comes_first() -> None:
    trace = [
        *(step(start, start + 20) for start in (0, 100, 200)),  # the CPU launches long before
        *(step(start, start + 80, cat="gpu_user_annotation", tid=7) for start in (50, 150, 250)),
        span("kernel", "nvjet_tst_128x256_64x4_2x1_v_bz_coopA_TNT", 150, 190, tid=7),
        span("kernel", "void flash::FlashAttnFwdSm90<cutlass::bfloat16_t>", 180, 220, tid=8),
        span("gpu_memcpy", "Memcpy HtoD (Pinned -> Device)", 170, 230, tid=9),
        span("cpu_op", "aten::mm", 100, 120),
    ]
    events, steps = tables(trace, "trace")
    assert (steps["start_s"] * 1e6).round().tolist() == [0, 100, 200]  # the device's ranges
    found = steps_by_class(events, steps, load_rules())
    expected = {"GEMM": 40, "attention": 30, "copy": 10, "idle": 20, "idle_behind": 20}
    assert microseconds(found.loc[1]) == expected


def test_where_the_device_has_no_range_of_each_step_those_of_the_cpu_stand() -> None:
    trace = [
        *(step(start, start + 80) for start in (0, 100, 200)),
        step(50, 130, cat="gpu_user_annotation", tid=7),
        span("kernel", "nvjet_tst", 110, 150, tid=7),
    ]
    _, steps = tables(trace, "trace")
    assert (steps["duration_s"] * 1e6).round().tolist() == [80, 80, 80]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nvjet_tst_192x192_64x4_2x1_v_bz_coopB_TNN", "GEMM"),
        ("void cutlass::device_kernel<flash::FlashAttnFwdSm90<...>>", "attention"),
        ("flash::prepare_varlen_num_blocks_kernel", "attention"),
        ("void vllm::act_and_mul_kernel<c10::BFloat16, &vllm::silu_kernel>", "activation"),
        ("void vllm::fused_add_rms_norm_kernel<c10::BFloat16, 8>", "norm"),
        ("triton_red_fused__to_copy_add_mean_mul_pow_rsqrt_0", "norm"),
        ("triton_poi_fused_mul_silu_slice_1", "activation"),
        ("void vllm::rotary_embedding_kernel<c10::BFloat16, true>", "rotary"),
        ("void vllm::reshape_and_cache_flash_kernel<__nv_bfloat16>", "copy"),
        ("void at::native::reduce_kernel<512, 1, at::native::ArgMaxOps<float>>", "sampling"),
        ("void at::native::vectorized_elementwise_kernel<4, at::native::FillFunctor<int>>", "copy"),
        ("sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize128x128x64", "GEMM"),
        ("_C::onednn_mm", "GEMM"),
        ("aten::addmm", "GEMM"),
        ("aten::linear", "GEMM"),
        ("_C::cpu_attention_with_kv_cache", "attention"),
        ("_C::cpu_attn_reshape_and_cache", "copy"),
        ("_C::rotary_embedding", "rotary"),
        ("_C::greedy_argmax", "sampling"),
        ("aten::silu", "activation"),
        ("aten::rsqrt", "norm"),
        ("aten::copy_", "copy"),
        ("aten::summary_of_nothing", "other"),
    ],
)
def test_names_are_classed(name: str, expected: str) -> None:
    assert class_of(name, "kernel", load_rules()) == expected


def test_what_the_profiler_knows_as_a_copy_is_one_whatever_its_name() -> None:
    events = pd.DataFrame({"name": ["nvjet", "nvjet"], "kind": ["copy", "kernel"]})
    assert classify(events, load_rules()).tolist() == ["copy", "GEMM"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {class: gemm, names: [mm]}", "entry 1: unknown class 'gemm'"),
        ("- {class: GEMM, name: [mm]}", "entry 1: needs the keys"),
        ("- {class: GEMM, names: ['(mm']}", "entry 1: '(mm' is no regular expression"),
    ],
)
def test_a_wrong_rule_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        load_rules(path)
    assert message in str(error.value)


@pytest.mark.parametrize(("count", "inside"), [(1, [0]), (2, [0]), (3, [1]), (6, [1, 2, 3, 4])])
def test_the_first_and_the_last_captured_step_bound_the_window(count: int, inside: list[int]) -> None:
    _, steps = tables([*(step(100 * i, 100 * i + 60) for i in range(count)), CPU_TRACE[-1] | {"ts": 5}], "t")
    found = window_steps(steps)
    assert found["step"].tolist() == inside
    lengths = ((found["end_s"] - found["start_s"]) * 1e6).round()
    assert lengths.tolist() == ([60] if count == 1 else [100] * len(inside))


def test_intervals_are_merged() -> None:
    spans = pd.DataFrame([(5, 6), (0, 2), (1, 3), (3, 4), (9, 9), (1, 1.5)]).to_numpy(dtype=float)
    assert union(spans).tolist() == [[0, 4], [5, 6]]


def write(folder: Path, trace: bytes) -> Path:
    path = folder / "window_rank0.123.pt.trace.json.gz"
    path.write_bytes(trace)
    return path


def packed(events: list[dict]) -> bytes:
    return gzip.compress(json.dumps({"traceEvents": events}).encode(), mtime=0)


def test_a_trace_is_read_of_the_first_rank(tmp_path: Path) -> None:
    write(tmp_path, packed(CPU_TRACE))
    (tmp_path / "window_dp0_pp0_tp1_rank1.100.pt.trace.json.gz").write_bytes(packed([]))
    events, steps = parse(tmp_path)
    assert len(steps) == 3
    assert len(events) == 8


@pytest.mark.parametrize(
    ("trace", "message"),
    [
        (None, "wrote no trace"),
        (b"", "cut off or damaged"),
        (packed(CPU_TRACE)[:-40], "cut off or damaged"),
        (gzip.compress(json.dumps({"traceEvents": CPU_TRACE}).encode()[:-40], mtime=0), "cut off or damaged"),
        (b"not packed at all", "cut off or damaged"),
        (packed([]), "holds no engine step"),
        (packed([event for event in CPU_TRACE if event.get("cat") == "cpu_op"]), "holds no engine step"),
        (packed([step(0, 10)]), "no operator or kernel"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # packed bytes make no name
)
def test_a_capture_that_is_no_good_says_so(tmp_path: Path, trace: bytes | None, message: str) -> None:
    if trace is not None:
        write(tmp_path, trace)
    with pytest.raises(UserError) as error:
        parse(tmp_path)
    assert message in str(error.value)
    assert str(tmp_path) in str(error.value)


def job(folder: Path, timeout_s: float) -> CaptureJob:
    return CaptureJob(
        python=sys.executable, device="cpu", gpus=[], model="", asset={}, args={}, variables={}, prompts="",
        output_tokens_per_review=1, allowed_token_ids=None, steps=1, out=folder, log=folder / "log",
        timeout_s=timeout_s,
    )  # fmt: skip


def test_a_capture_that_hangs_is_stopped_with_all_that_it_started(tmp_path: Path) -> None:
    code = "import subprocess, time; p = subprocess.Popen(['sleep', '1000']); print(p.pid, flush=True); time.sleep(1000)"
    with pytest.raises(UserError, match=r"stopped after 2 s; raise profile\.timeout_s"):
        run_capture([sys.executable, "-c", code], job(tmp_path, 2), {})
    child = int((tmp_path / "log").read_text())
    assert not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]


def test_a_capture_that_fails_tells_the_cause_and_the_log(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the capture failed: ValueError: too small\n  See the log: .*log"):
        run_capture([sys.executable, "-c", "raise ValueError('too small')"], job(tmp_path, 60), {})


@pytest.mark.parametrize("status", [0, 1])
def test_a_full_disk_is_named_whether_the_engine_minds_or_not(tmp_path: Path, status: int) -> None:
    said = "WARNING [wrapper.py:100] Failed to stop profiler: [Errno 28] No space left on device"
    with pytest.raises(UserError, match=r"no space left for .*\n  See the log: .*log"):
        run_capture([sys.executable, "-c", f"print({said!r}); exit({status})"], job(tmp_path, 60), {})


def test_a_full_disk_stops_the_tables_and_leaves_none(tmp_path: Path) -> None:
    """A limit on file size stands for the disk: writing fails in the middle, as it does on a full one."""
    program = (
        "import pandas as pd, signal; from pathlib import Path; from scripts.profile_run import write_table\n"
        "from batchscope.profiling.schemas import EVENTS\n"
        "from batchscope.common.errors import run_script\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "n = 200_000\n"
        "frame = pd.DataFrame({'name': [str(i) for i in range(n)], 'kind': 'kernel', 'start_s': range(n),"
        " 'duration_s': 1.0, 'stream': '1', 'step': pd.array([0] * n, dtype='Int32')})\n"
        f"run_script(lambda: write_table(frame, EVENTS, Path({str(tmp_path)!r}) / 'events.parquet'))"
    )
    call = subprocess.run(
        [sys.executable, "-c", program],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[3],
    )  # fmt: skip
    assert call.returncode == 1
    assert "events.parquet" in call.stderr
    assert "free space" in call.stderr
    assert list(tmp_path.iterdir()) == []


MODEL = Architecture(64, 128, 2, 2, 1, 32, 1000)


def test_the_window_lies_in_the_middle_of_the_pass() -> None:
    requests = [Lengths(100, 0, 1)] * 20
    plan = plan_window(requests, Limits(100, 8), 4)
    assert (plan.skip, plan.steps) == (7, 6)


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


def rows(*finished: float) -> list[dict]:
    return [{"scheduled_s": end - 0.5, "finished_s": end} for end in finished]


def test_overhead_is_of_steps_without_the_profilers_start_and_stop() -> None:
    plain = [({"seconds": 8.0}, rows(*range(1, 9)))] * 2
    profiled = (
        {"seconds": 12.0},
        rows(1, 2, 5, 6.5, 8, 9.5, 14, 15),
    )  # starts inside step 2, stops in step 6
    found = describe(plain, profiled, Window(skip=2, steps=4))
    assert found["compared_steps"] == 2
    assert found["seconds_without"] == [2, 2]
    assert found["seconds_with"] == 3
    assert found["overhead"] == pytest.approx(0.5)


def test_a_window_of_few_steps_has_no_overhead() -> None:
    found = describe([({"seconds": 1.0}, rows(1, 2))], ({"seconds": 1.0}, rows(1, 2)), Window(0, 2))
    assert found["overhead"] is None
    assert found["compared_steps"] == 0


def test_runs_to_profile() -> None:
    known = ["saturation/packed-n4", "saturation/packed-n40", "saturation/separate-n1"]
    assert profiled_runs(None, known) == ["saturation/packed-n4", "saturation/separate-n1"]
    assert profiled_runs(None, ["a/b"]) == []
    assert profiled_runs(["saturation/packed-n40"] * 2, known) == ["saturation/packed-n40"]
    with pytest.raises(
        UserError, match=r"no run 'saturation/paked-n40'; did you mean 'saturation/packed-n40'"
    ):
        profiled_runs(["saturation/paked-n40"], known)
