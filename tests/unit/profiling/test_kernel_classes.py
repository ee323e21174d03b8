"""Classes of kernels and operators, and the share of the window that each has."""

from pathlib import Path

import pandas as pd
import pytest
from support.traces import CPU_TRACE, microseconds, span, step

from batchscope.common.errors import UserError
from batchscope.profiling.kernel_classes import (
    CLASSES,
    class_of,
    classify,
    load_rules,
    steps_by_class,
    union,
    window_steps,
)
from batchscope.profiling.torch_trace import tables


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
