"""Traces of PyTorch's profiler: steps, operators, and captures that are no good."""

import gzip
import json
from pathlib import Path

import pytest
from support.traces import CPU_TRACE, span, step

from batchscope.common.errors import UserError
from batchscope.profiling.torch_trace import parse, tables


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


def test_where_the_device_has_no_range_of_each_step_those_of_the_cpu_stand() -> None:
    trace = [
        *(step(start, start + 80) for start in (0, 100, 200)),
        step(50, 130, cat="gpu_user_annotation", tid=7),
        span("kernel", "nvjet_tst", 110, 150, tid=7),
    ]
    _, steps = tables(trace, "trace")
    assert (steps["duration_s"] * 1e6).round().tolist() == [80, 80, 80]


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
